/* libFuzzer entry point of the configuration layer. The first byte chooses the reader. Build with
 *   clang -fsanitize=fuzzer,address,undefined -Iinclude -Isrc … tests/fuzz/fuzz_config.c
 * together with src/base and src/config. */
#include "cmig/dotenv.h"
#include "cmig/expand.h"
#include "cmig/url.h"
#include "cmig/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_yaml(const char *text, gsize length)
{
    CmigYaml *root = NULL;
    if (!cmig_yaml_parse(text, length, "alembic.yml", 1, 0, &root, NULL))
        return;
    g_auto(GStrv) strings = NULL;
    const CmigYaml *node = cmig_yaml_get(root, "a");
    if (node != NULL)
        cmig_yaml_strings(node, "a", "alembic.yml", &strings, NULL);
    cmig_yaml_free(root);
}

static void fuzz_dotenv(const char *text, gsize length)
{
    g_autoptr(GHashTable) into = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    cmig_dotenv_parse(text, length, ".env", into, NULL, NULL);
    g_free(cmig_expand("${A:-${B:-}}", into, NULL, NULL));
}

static void fuzz_url(const char *text)
{
    g_autoptr(CmigUrl) url = NULL;
    cmig_url_parse(text, "/base", &url, NULL);
    g_autoptr(CmigUrl) parts = NULL;
    cmig_url_from_parts(NULL, text, text, text, NULL, text, "/base", &parts, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    gsize length = size - 1;
    g_autofree char *text = g_strndup("", length);
    memcpy(text, data + 1, length);
    switch (data[0] % 4) {
    case 0:
        fuzz_yaml(text, length);
        break;
    case 1:
        fuzz_dotenv(text, length);
        break;
    case 2:
        fuzz_url(text);
        break;
    default:
        g_free(cmig_expand(text, NULL, NULL, NULL));
        break;
    }
    return 0;
}
