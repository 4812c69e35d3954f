#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cmig_main(argc, argv);
}
