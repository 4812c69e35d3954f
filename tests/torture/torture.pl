#!/usr/bin/perl
# Fault sweeps: one run of cmig for every point at which a fault can be put in, and the oracle after
# each. Prints `NAME: N points tried, M failed` per sweep, and what is wrong on standard error.
#   torture.pl [--sample=N] SWEEP…      N points spread over the whole sweep instead of all
#   torture.pl --list [pg|sqlite]       the names of the sweeps
# CMIG is the binary; PGHOST, PGPORT and PGUSER name a server that trusts this account.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);
use lib dirname(abs_path(__FILE__));
use Oracle;

my $here = dirname(abs_path(__FILE__));
my $sample = 0;
my $scratch = tempdir('cmig-torture.XXXXXX', TMPDIR => 1, CLEANUP => 1);

my @UP = ('upgrade', 'head');
my @DOWN = ('downgrade', 'base');
# The calls that a sample is taken of: between two of them nothing changes in the database.
my @CALLS_PG = qw(sendto);
my @CALLS_SQLITE = qw(pwrite64 fdatasync fsync unlink ftruncate);

# Name, kind of database, what makes the points, and for the sample which are worth it.
my @sweeps = (
    [ 'kill-pg',            'pg',     \&kill_points,  { args => \@UP } ],
    [ 'kill-pg-down',       'pg',     \&kill_points,  { args => \@DOWN } ],
    [ 'kill-sqlite',        'sqlite', \&kill_points,  { args => \@UP } ],
    [ 'kill-sqlite-down',   'sqlite', \&kill_points,  { args => \@DOWN } ],
    [ 'kill-wal',           'sqlite', \&kill_points,  { args => \@UP, wal => 1 } ],
    [ 'cut-client',         'pg',     \&cut_points,   { fault => 'client', afterwards => 'accept' } ],
    [ 'cut-server',         'pg',     \&cut_points,   { fault => 'server', afterwards => 'accept' } ],
    [ 'cut-swallow',        'pg',     \&cut_points,   { fault => 'swallow', afterwards => 'accept' } ],
    [ 'cut-client-refuse',  'pg',     \&cut_points,   { fault => 'client', afterwards => 'refuse' } ],
    [ 'cut-server-refuse',  'pg',     \&cut_points,   { fault => 'server', afterwards => 'refuse' } ],
    [ 'cut-swallow-refuse', 'pg',     \&cut_points,   { fault => 'swallow', afterwards => 'refuse' } ],
    [ 'cut-down',           'pg',     \&cut_points,   { fault => 'server', afterwards => 'accept', down => 1 } ],
    [ 'enospc-sqlite',      'sqlite', \&error_points, { error => 'ENOSPC' } ],
    [ 'eio-sqlite',         'sqlite', \&error_points, { error => 'EIO' } ],
    [ 'enospc-wal',         'sqlite', \&error_points, { error => 'ENOSPC', wal => 1 } ],
    [ 'eio-for-ever',       'sqlite', \&error_points, { error => 'EIO', more => '+' } ],
    [ 'file-size-sqlite',   'sqlite', \&size_points,  {} ],
    [ 'output-pg',          'pg',     \&output_points, {} ],
    [ 'output-sqlite',      'sqlite', \&output_points, {} ],
    [ 'sessions-ended',     'pg',     \&server_points, { how => 'terminate' } ],
    [ 'backend-killed',     'pg',     \&server_points, { how => 'slay' } ],
    [ 'server-stopped',     'pg',     \&server_points, { how => 'stop' } ],
    [ 'files-kill',         'none',   \&file_points,  { fault => 'signal=SIGKILL' } ],
    [ 'files-enospc',       'none',   \&file_points,  { fault => 'error=ENOSPC' } ],
    [ 'files-eio',          'none',   \&file_points,  { fault => 'error=EIO' } ],
);

# --- strace -----------------------------------------------------------------------------------------

sub strace {
    my ($trace, $call, $inject) = @_;
    my @words = ('strace', '-f', '-qq', '-o', $trace);
    # Faster, but no signal comes that way.
    push @words, '--seccomp-bpf' unless ($inject // '') =~ /^signal=/;
    return (@words, '-e', $call eq 'all' ? 'trace=all' : "trace=$call", $inject ? ('-e', "inject=$call:$inject") : ());
}

# How often each system call is made: [NAME, NUMBER] for each time. Calls before the first one that
# opens a file of ours are the loader's.
sub system_calls {
    my ($trace, $only) = @_;
    my (%count, @points);
    open my $in, '<', $trace or die "strace wrote nothing: it needs the right to trace\n";
    while (<$in>) {
        next unless /^(?:\d+\s+)?(\w+)\(/ && $1 !~ /^(execve|exit|exit_group)$/;
        push @points, [ $1, ++$count{$1} ] if !$only || grep { $_ eq $1 } @$only;
    }
    close $in;
    die "strace saw no system call: it needs the right to trace\n" unless %count;
    return @points;
}

# --- the frame of a sweep -----------------------------------------------------------------------------

# N of the points, spread over all of them; the same ones each time.
sub some_of {
    my @points = @_;
    return @points if !$sample || @points <= $sample;
    return map { $points[ int(($_ + 0.5) * @points / $sample) ] } 0 .. $sample - 1;
}

# try(NAME, POINTS, TEST, HITS): TEST says for each point what is wrong. HITS, a reference: TEST counts
# there how often the fault came, which must be at most of them.
sub try {
    my ($name, $points, $test, $hits) = @_;
    my ($tried, $failed) = (0, 0);
    for my $point (some_of(@$points)) {
        my $label = ref $point ? "@$point" : $point;
        my @found = eval { $test->($point) };
        push @found, "the test itself: $@" if $@;
        $tried++;
        next unless @found;
        $failed++;
        print STDERR "$name at $label:\n", map { s/^/    /gmr . "\n" } @found;
    }
    if (defined $hits && $$hits < $tried / 2) {
        print STDERR "$name: the fault came at $$hits of $tried points only\n";
        $failed = $tried;
    }
    printf "%s: %d points tried, %d failed\n", $name, $tried, $failed;
    return $tried > 0 && $failed == 0;
}

# A database and a history, with the table at where the sweep begins.
sub prepare {
    my ($kind, $options) = @_;
    my $oracle = Oracle->new($kind, "$scratch/work", $options->{wal});
    $oracle->learn;
    return $oracle;
}

sub begin {
    my ($oracle, $args) = @_;
    $oracle->reset;
    return unless $args->[0] eq 'downgrade';
    my $result = $oracle->run(\@UP);
    die "upgrade: $result->{text}" if $result->{status} != 0;
}

sub target_of { return $_[0][0] eq 'downgrade' ? '' : 'r3' }

# --- 1: SIGKILL at every system call ------------------------------------------------------------------

sub kill_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    my $args = $options->{args};
    begin($oracle, $args);
    $oracle->run($args, wrapper => [ strace("$scratch/trace", 'all') ]);
    my $only = $sample ? ($kind eq 'pg' ? \@CALLS_PG : \@CALLS_SQLITE) : undef;
    my $hits = 0;
    return try($name, [ system_calls("$scratch/trace", $only) ], sub {
        my ($call, $number) = @{ $_[0] };
        begin($oracle, $args);
        my $result = $oracle->run($args,
            wrapper => [ strace('/dev/null', $call, "signal=SIGKILL:when=$number") ]);
        $hits++ if $result->{status} == 137;
        return $oracle->judge($result, target_of($args));
    }, \$hits);
}

# --- 2: the connection cut at every message -----------------------------------------------------------

sub start_proxy {
    my ($fault, $afterwards) = @_;
    my $socket = "$scratch/proxy/.s.PGSQL.$ENV{PGPORT}";
    make_path("$scratch/proxy");
    unlink $socket;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        exec $^X, "$here/cut.pl", $socket, "$ENV{PGHOST}/.s.PGSQL.$ENV{PGPORT}", "$scratch/count", $fault, $afterwards;
        exit 127;
    }
    for (1 .. 500) { last if -S $socket; sleep 0.01 }
    return $pid;
}

sub through_proxy {
    my ($oracle, $args, $fault, $afterwards) = @_;
    unlink "$scratch/count";
    my $proxy = start_proxy($fault, $afterwards);
    my @patience = $afterwards eq 'refuse' ? ('--lock-timeout', '300ms') : ();
    my $result = $oracle->run([ @$args, @patience ], host => "$scratch/proxy");
    # The counts are written when the proxy sees the end of the connection.
    for (1 .. 3000) {
        last if $fault ne 'none' || (-e "$scratch/count" && Oracle::slurp("$scratch/count") =~ /\n/);
        sleep 0.01;
    }
    kill 'TERM', $proxy;
    waitpid $proxy, 0;
    return $result;
}

sub cut_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    my ($fault, $afterwards) = @$options{qw(fault afterwards)};
    my $args = $options->{down} ? \@DOWN : \@UP;
    begin($oracle, $args);
    my $whole = through_proxy($oracle, $args, 'none', 'accept');
    die "through the proxy: $whole->{text}" if $whole->{status} != 0;
    my ($client, $server) = split ' ', Oracle::slurp("$scratch/count");
    my $count = $fault eq 'server' ? $server : $client;
    return try($name, [ 1 .. $count ], sub {
        begin($oracle, $args);
        my $result = through_proxy($oracle, $args, "$fault=$_[0]", $afterwards);
        return $oracle->judge($result, target_of($args));
    });
}

# --- 3: the server --------------------------------------------------------------------------------------

my $server = $ENV{CMIG_TEST_PG_BIN} || (reverse sort glob '/usr/lib/postgresql/*/bin')[0];

sub cluster {
    my ($action, @more) = @_;
    my $base = "$ENV{PGHOST}/base";
    my @command = ("$server/pg_ctl", '-s', '-w', '-D', "$base/data", @more, $action);
    if ($> == 0) {
        my $account = getpwuid((stat "$base/data")[4]);
        @command = ('runuser', '-u', $account, '--', @command);
    }
    return system('sh', '-c', 'cd / && exec "$@" >/dev/null 2>&1 </dev/null', 'sh', @command) == 0;
}

# A backend may outlive its server for a moment, and keeps the next one from starting.
sub start_cluster {
    for (1 .. 20) {
        return if cluster('start', '-l', "$ENV{PGHOST}/base/log");
        sleep 0.5;
    }
    die "the server does not start again\n";
}

sub server_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    my $how = $options->{how};
    # Each revision takes a moment, so that there is something to meet.
    for my $id (qw(r1 r2 r3)) {
        my $text = Oracle::slurp("$oracle->{folder}/migrations/versions/$id.sql");
        $text =~ s/^(-- cmig:upgrade\n)(.*?)\n\n(?=-- cmig:down)/$1$2\nSELECT pg_sleep(0.1);\n\n/ms;
        $oracle->write("migrations/versions/$id.sql", $text);
    }
    my $mine = q{FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'oracle'
        AND backend_type = 'client backend'};
    my @points = map { $_ * ($how eq 'stop' ? 0.06 : 0.02) } 1 .. ($how eq 'stop' ? 8 : 25);
    return try($name, \@points, sub {
        my ($moment) = @_;
        $oracle->reset;
        my $result = $oracle->run(\@UP, during => sub {
            sleep $moment;
            if ($how eq 'terminate') {
                $oracle->sql("SELECT pg_terminate_backend(pid) $mine");
            } elsif ($how eq 'slay') {
                kill 'KILL', grep { /^\d+$/ } split ' ', $oracle->sql("SELECT pid $mine");
            } else {
                cluster('stop', '-m', 'immediate');
                start_cluster();
            }
        });
        for (1 .. 200) { last if eval { $oracle->sql('SELECT 1') }; sleep 0.05 }
        return $oracle->judge($result, 'r3');
    });
}

# --- 4: a disk that is full or broken ---------------------------------------------------------------------

sub error_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    $oracle->reset;
    $oracle->run(\@UP, wrapper => [ strace("$scratch/trace", 'all') ]);
    my @calls = qw(pwrite64 write fsync fdatasync ftruncate unlink);
    my $more = $options->{more} // '';
    my $hits = 0;
    return try($name, [ system_calls("$scratch/trace", \@calls) ], sub {
        my ($call, $number) = @{ $_[0] };
        $oracle->reset;
        my $result = $oracle->run(\@UP,
            wrapper => [ strace("$scratch/trace", $call, "error=$options->{error}:when=$number$more") ]);
        $hits++ if Oracle::slurp("$scratch/trace") =~ /\(INJECTED\)/;
        # A fault that hits the output itself takes the text away; a lock file that cannot be
        # removed stays, and is no lock.
        return $oracle->judge($result, 'r3', $call eq 'write', $call eq 'unlink');
    }, \$hits);
}

# No file may grow behind this many bytes; SIGXFSZ is ignored, so that writing fails.
sub size_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    return try($name, [ map { $_ * 2048 } 1 .. 40 ], sub {
        my ($size) = @_;
        $oracle->reset;
        my $result = $oracle->run(\@UP,
            wrapper => [ 'sh', '-c', "trap '' XFSZ; exec prlimit --fsize=$size \"\$@\"", 'sh' ]);
        return $oracle->judge($result, 'r3');
    });
}

# --- 6: nobody takes the output ---------------------------------------------------------------------------

sub output_points {
    my ($name, $kind, $options) = @_;
    my $oracle = prepare($kind, $options);
    my %ways = (
        'stdout full' => { out => '/dev/full' },
        'stderr full' => { err => '/dev/full' },
        'both full' => { out => '/dev/full', err => '/dev/full' },
        'stdout closed' => { close_out => 1 },
        'stderr closed' => { close_err => 1 },
        'both closed' => { close_out => 1, close_err => 1 },
    );
    my @points = map { my $way = $_; map { "$way$_" } '', ' (json)' } sort keys %ways;
    return try($name, \@points, sub {
        my ($way, $json) = $_[0] =~ /^(.*?)( \(json\))?$/;
        $oracle->reset;
        my $result = $oracle->run([ @UP, $json ? '--json' : () ], %{ $ways{$way} });
        my $facts = $oracle->facts;
        my @found = $oracle->judge($result, 'r3', 1);
        push @found, "the output was in the way: '$facts->{rows}', status $result->{status}" if $facts->{rows} ne 'r3';
        push @found, 'the result was lost, and status 0' if $json && $way =~ /stdout|both/ && $result->{status} == 0;
        return @found;
    });
}

# --- files that cmig writes ---------------------------------------------------------------------------------

my %writers = (
    revision => [ 'revision', '-m', 'new one' ],
    init => [ 'init', 'fresh' ],
);

# What is in a folder: name -> content. Temporary files begin with a dot.
sub files_in {
    my ($folder) = @_;
    my %files;
    for my $path (split /\n/, `find '$folder' -type f`) {
        $files{ substr $path, length($folder) + 1 } = Oracle::slurp($path);
    }
    return \%files;
}

sub new_project {
    my ($oracle) = @_;
    remove_tree($oracle->{folder});
    make_path("$oracle->{folder}/migrations/versions", "$oracle->{folder}/db");
    $oracle->write('migrations/versions/r1.sql',
        "-- revision: r1\n-- down_revision: null\n-- message: first\n\n-- cmig:upgrade\nSELECT 1;\n");
    $oracle->write('keep.txt', "kept\n");
}

# A date and an id differ from file to file.
sub plain {
    my ($text) = @_;
    $text =~ s/\b[0-9a-f]{12}\b/ID/g;
    $text =~ s/\d{4}-\d\d-\d\dT\S+/DATE/g;
    return $text;
}

sub file_points {
    my ($name, $kind, $options) = @_;
    my $oracle = Oracle->new('sqlite', "$scratch/work");
    my (@points, %whole);
    my @calls = qw(write fsync fdatasync rename renameat renameat2 openat mkdir mkdirat link linkat unlink fchmod close);
    for my $writer (sort keys %writers) {
        new_project($oracle);
        my $result = $oracle->run($writers{$writer}, wrapper => [ strace("$scratch/trace", 'all') ]);
        die "$writer: $result->{text}" if $result->{status} != 0;
        my $files = files_in($oracle->{folder});
        $whole{$writer} = { map { (plain($files->{$_}), 1) } keys %$files };
        push @points, map { [ $writer, @$_ ] } system_calls("$scratch/trace", \@calls);
    }
    my $hits = 0;
    return try($name, \@points, sub {
        my ($writer, $call, $number) = @{ $_[0] };
        new_project($oracle);
        my $before = files_in($oracle->{folder});
        my $result = $oracle->run($writers{$writer},
            wrapper => [ strace("$scratch/trace", $call, "$options->{fault}:when=$number") ]);
        $hits++ if Oracle::slurp("$scratch/trace") =~ /\(INJECTED\)|killed by SIGKILL/ || $result->{status} == 137;
        my $after = files_in($oracle->{folder});
        delete @$after{qw(output.out output.err)};
        my @found;
        for my $file (sort keys %$before) {
            push @found, "$file was changed" if ($after->{$file} // 'gone') ne $before->{$file};
        }
        my $stays = $result->{status} == 137 || $call eq 'unlink';
        for my $file (sort grep { !exists $before->{$_} } keys %$after) {
            my $temporary = $file =~ m{(^|/)\.cmig-};
            push @found, "$file is left" if $temporary && !$stays;
            push @found, "$file is not whole" if !$temporary && !$whole{$writer}{ plain($after->{$file}) };
        }
        push @found, "status $result->{status}" unless $result->{status} =~ /^(0|1|69|70|78|127|137)$/;
        # What is half there is nobody's revision, and does not hinder the next run. A folder that
        # has something in it is not begun again, but said so.
        my $next = $oracle->run($writers{$writer});
        my $refused = $writer eq 'init' && $next->{text} =~ /already exists/;
        push @found, "the next run: $next->{status} $next->{text}" if $next->{status} != 0 && !$refused;
        my $heads = $oracle->run([ 'history' ]);
        push @found, "history: $heads->{text}" if $heads->{status} != 0 && !$refused;
        push @found, "then: status $result->{status}\n$result->{text}" if @found;
        return @found;
    }, \$hits);
}

# --- main -----------------------------------------------------------------------------------------------------

my @names;
my $list;
while (@ARGV) {
    my $word = shift;
    if ($word =~ /^--sample=(\d+)$/) { $sample = $1 }
    elsif ($word eq '--list') { $list = shift // '.' }
    else { push @names, $word }
}
if ($list) {
    print map { "$_->[0]\n" } grep { $_->[1] =~ /$list/ } @sweeps;
    exit 0;
}
die "usage: $0 [--sample=N] SWEEP…\n" unless @names && $ENV{CMIG};
$ENV{ASAN_OPTIONS} = 'exitcode=99:detect_leaks=0'; # LeakSanitizer cannot work under strace
delete @ENV{ grep { /^(CMIG_|ALEMBIC_|DATABASE_)/ } keys %ENV };
my $good = 1;
for my $name (@names) {
    my ($sweep) = grep { $_->[0] eq $name } @sweeps;
    die "no such sweep: $name\n" unless $sweep;
    my (undef, $kind, $points, $options) = @$sweep;
    my $result = eval { $points->($name, $kind, $options) };
    if ($@) {
        print STDERR "$name: $@";
        print "$name: 0 points tried, 1 failed\n";
    }
    $good &&= $result;
}
exit($good ? 0 : 1);
