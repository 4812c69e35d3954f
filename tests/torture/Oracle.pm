# What the fault sweeps share: a database and a history of three revisions, a run of cmig, and the
# oracle that judges what a run with a fault has left.
#   r1  tables and rows, in a transaction
#   r2  data (PostgreSQL: COPY), in a transaction
#   r3  three statements, of which the second cannot run in a transaction
package Oracle;
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use Time::HiRes qw(sleep time);

use constant CANARY => 'canary-7pXq';

my %sections = (
    pg => {
        r1 => [
            "CREATE TABLE a (id integer PRIMARY KEY, v text);\nINSERT INTO a VALUES (1, 'x'), (2, 'y');\n"
              . "CREATE TABLE b (a integer REFERENCES a);\nINSERT INTO a VALUES (3, 'z');",
            "DROP TABLE b;\nDROP TABLE a;" ],
        r2 => [
            "COPY a (id, v) FROM stdin;\n100\tone\n101\ttwo\n102\t\\N\n\\.\n\nANALYZE a;",
            'DELETE FROM a WHERE id >= 100;' ],
        r3 => [
            "CREATE TABLE c (i integer);\nCREATE INDEX CONCURRENTLY ix ON a (v);\nINSERT INTO c VALUES (1);",
            "DELETE FROM c;\nDROP INDEX CONCURRENTLY ix;\nDROP TABLE c;" ],
    },
    sqlite => {
        r1 => [
            "CREATE TABLE a (id integer PRIMARY KEY, v text);\nINSERT INTO a VALUES (1, 'x'), (2, 'y');\n"
              . "CREATE TABLE b (a integer REFERENCES a);\nINSERT INTO a VALUES (3, 'z');",
            "DROP TABLE b;\nDROP TABLE a;" ],
        r2 => [
            "INSERT INTO a VALUES (100, 'one'), (101, 'two');\nINSERT INTO a VALUES (102, NULL);",
            'DELETE FROM a WHERE id >= 100;' ],
        r3 => [
            "CREATE TABLE c (i integer);\nVACUUM;\nINSERT INTO c VALUES (1);",
            "DELETE FROM c;\nVACUUM;\nDROP TABLE c;" ],
    },
);

# new(KIND, FOLDER, WAL): KIND is pg or sqlite. Creates the folder, the history and the database.
sub new {
    my ($class, $kind, $folder, $wal) = @_;
    my $self = bless { kind => $kind, folder => $folder, wal => $wal, counter => 0 }, $class;
    remove_tree($folder);
    make_path("$folder/migrations/versions");
    my $before = 'null';
    for my $id (qw(r1 r2 r3)) {
        my ($up, $down) = @{ $sections{$kind}{$id} };
        $self->write("migrations/versions/$id.sql",
            "-- revision: $id\n-- down_revision: $before\n-- message: step $id\n\n"
              . "-- cmig:upgrade\n$up\n\n-- cmig:downgrade\n$down\n");
        $before = $id;
    }
    if ($kind eq 'pg') {
        $self->{name} = "torture_$$";
        $self->capture('psql', '-XqAt', '-d', 'dbname=postgres options=-cclient_min_messages=error', '-c', $_)
          for "DROP DATABASE IF EXISTS $self->{name}", "CREATE DATABASE $self->{name}";
        $self->sql(q{CREATE SCHEMA oracle;
            CREATE FUNCTION oracle.ask(q text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text;
            BEGIN EXECUTE q INTO r; RETURN r;
            EXCEPTION WHEN undefined_table OR undefined_column THEN RETURN NULL; END $$});
    } else {
        $self->{file} = "$folder/db/test.db";
        make_path("$folder/db");
    }
    return $self;
}

sub write {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{folder}/$name" or die "$name: $!";
    print $out $text;
    close $out or die "$name: $!";
}

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar(<$in>) // '';
}

# The output of a command, which has to succeed.
sub capture {
    my ($self, @command) = @_;
    open my $pipe, '-|', @command or die "$command[0]: $!";
    my $text = do { local $/; <$pipe> } // '';
    close $pipe or die "@command: status $?\n";
    return $text;
}

sub sql {
    my ($self, @statements) = @_;
    local $ENV{PGOPTIONS} = '-c synchronous_commit=on'; # what a server that crashes must not forget
    return $self->{kind} eq 'pg'
      ? $self->capture('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', "dbname=$self->{name} application_name=oracle",
        map { ('-c', $_) } 'SET client_min_messages = error', @statements)
      : $self->capture('sqlite3', '-batch', '-bail', $self->{file}, @statements);
}

sub url {
    my ($self, $host) = @_;
    return "sqlite:///$self->{file}" if $self->{kind} eq 'sqlite';
    $host //= $ENV{PGHOST};
    return "postgresql://$ENV{PGUSER}:" . CANARY . "\@/$self->{name}?host=$host&port=$ENV{PGPORT}";
}

# An empty database but for a table that has always been there.
sub reset {
    my ($self) = @_;
    my @keep = ('CREATE TABLE keep (i integer PRIMARY KEY)', 'INSERT INTO keep VALUES (1), (2), (3)');
    if ($self->{kind} eq 'pg') {
        $self->sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public', @keep);
    } else {
        remove_tree("$self->{folder}/db");
        make_path("$self->{folder}/db");
        $self->sql(($self->{wal} ? 'PRAGMA journal_mode = wal' : ()), @keep);
    }
}

# run(ARGS, OPTIONS): runs cmig; OPTIONS are `wrapper` (words before it), `host`, `out` and `err`
# (files for the output), `during` (called with the process number while it runs).
# Returns { status, text }; a signal is 128 + its number.
sub run {
    my ($self, $args, %option) = @_;
    my $output = "$self->{folder}/output";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        chdir $self->{folder} or die $!;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $option{out} // "$output.out" or die $!;
        open STDERR, '>', $option{err} // "$output.err" or die $!;
        close STDOUT if $option{close_out};
        close STDERR if $option{close_err};
        $ENV{DATABASE_URL} = $self->url($option{host});
        exec 'timeout', '-k', '5', '60', @{ $option{wrapper} // [] }, $ENV{CMIG}, @$args;
        exit 127;
    }
    $option{during}->($pid) if $option{during};
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return { status => $status, text => slurp("$output.out") . slurp("$output.err") };
}

# A killed client's last message is still worked on.
sub wait_quiet {
    my ($self) = @_;
    return 1 if $self->{kind} ne 'pg';
    my $end = time + 20;
    while (time < $end) {
        return 1 if $self->sql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name <> 'oracle' AND backend_type = 'client backend'}) == 0;
        sleep 0.02;
    }
    return 0;
}

# What is there: { rows, r1, r2 (0 nothing, 1 all, else what is odd), steps of r3 (a range),
# audit (its last event for r3), keep }.
sub facts {
    my ($self) = @_;
    my @questions = (
        [ 'alembic_version', q{SELECT coalesce(string_agg(version_num, ','), '') FROM alembic_version} ],
        [ 'a', 'SELECT count(*) FROM a WHERE id < 100' ],
        [ 'b', 'SELECT count(*) FROM b' ],
        [ 'a', 'SELECT count(*) FROM a WHERE id >= 100' ],
        [ 'c', 'SELECT count(*) FROM c' ],
        [ 'cmig_audit', q{SELECT direction || ' ' || event || ' ' || coalesce(statement, 0) FROM cmig_audit
            WHERE revision = 'r3' AND (event <> 'failed' OR statement IS NOT NULL) ORDER BY id DESC LIMIT 1} ],
        [ 'keep', 'SELECT sum(i) FROM keep' ],
    );
    my @answers;
    if ($self->{kind} eq 'pg') {
        my @parts = map { my $q = $_->[1]; $q =~ s/'/''/g; "coalesce(oracle.ask('$q'), '-')" } @questions;
        push @parts, q{coalesce((SELECT CASE WHEN indisvalid THEN 'valid' ELSE 'invalid' END FROM pg_index
            WHERE indexrelid = to_regclass('public.ix')), '-')};
        my $text = $self->sql('SELECT ' . join q{ || ';' || }, @parts);
        chomp $text;
        @answers = split /;/, $text, -1;
    } else {
        my %there = map { chomp; ($_, 1) } split /^/, $self->sql('SELECT name FROM sqlite_schema');
        for my $question (@questions) {
            my ($table, $query) = @$question;
            $query =~ s/string_agg/group_concat/;
            my $answer = $there{$table} ? $self->sql($query) : '-';
            chomp $answer;
            push @answers, $answer eq '' && $table eq 'cmig_audit' ? '-' : $answer;
        }
    }
    my ($rows, $low, $b, $high, $c, $audit, $keep, $index) = @answers;
    my %facts = (rows => $rows eq '-' ? '' : $rows, audit => $audit, keep => $keep, raw => "@answers");
    $facts{r1} = "$low $b" eq '3 0' ? 1 : "$low $b" eq '- -' ? 0 : "($low $b)";
    $facts{r2} = $high eq '3' ? 1 : $high eq '0' || $high eq '-' ? 0 : "($high)";
    my %steps = $self->{kind} eq 'pg'
      ? ('- -' => [ 0, 0 ], '0 -' => [ 1, 1 ], '0 invalid' => [ 1, 2 ], '0 valid' => [ 2, 2 ], '1 valid' => [ 3, 3 ])
      : ('-' => [ 0, 0 ], '0' => [ 1, 2 ], '1' => [ 3, 3 ]);
    $facts{steps} = $steps{ $self->{kind} eq 'pg' ? "$c $index" : $c };
    return \%facts;
}

# The schema and the data, without what differs from run to run.
sub dump {
    my ($self) = @_;
    if ($self->{kind} ne 'pg') {
        my $text = $self->sql('.dump --nosys');
        die "the dump is not whole\n" if $text =~ /^ROLLBACK; -- due to errors/m; # the status does not say so
        return $text =~ s/^.*cmig_audit.*\n//gmr =~ s/^.*sqlite_sequence.*\n//gmr;
    }
    local $ENV{PGDATABASE} = $self->{name};
    return $self->capture(dirname(__FILE__) . '/../dump.sh', '--exclude-schema=oracle', '--exclude-table=cmig_audit*')
      =~ s/^--.*\n//gmr;
}

# What an invariant of the database breaks now, whatever was said (A and B). `direction` is the
# faulty run's. Sets `progress`: how much of the revision at work is there.
sub breaches {
    my ($self, $facts, $direction) = @_;
    my @found;
    my %wanted = ('' => [ 0, 0 ], r1 => [ 1, 0 ], r2 => [ 1, 1 ], r3 => [ 1, 1 ]);
    my $wanted = $wanted{ $facts->{rows} };
    push @found, 'what was there before is lost' if $facts->{keep} ne '6';
    return (@found, "version rows '$facts->{rows}'") unless $wanted;
    push @found, "r1 is $facts->{r1} at '$facts->{rows}'" if $facts->{r1} ne $wanted->[0];
    push @found, "r2 is $facts->{r2} at '$facts->{rows}'" if $facts->{r2} ne $wanted->[1];
    return (@found, 'an impossible state of r3') unless $facts->{steps};
    my ($least, $most) = @{ $facts->{steps} };
    my ($moved, $event, $recorded) = $facts->{audit} =~ /^(\w+) (\w+) (\d+)$/;
    my $open = defined $event && $event =~ /^(started|statement|failed)$/;
    # A sweep may put a pause behind the three.
    $recorded = 3 if defined $recorded && $recorded > 3;
    my $from = $facts->{rows} eq 'r3' ? 3 : 0;
    # With a record: what it says, and the second statement may be ahead of it.
    my ($low, $high) = ($from, $from);
    if ($open) {
        my $ahead = $recorded + ($recorded == 1 && $event ne 'failed' ? 1 : 0);
        ($low, $high) = $moved eq 'upgrade' ? ($recorded, $ahead) : (3 - $ahead, 3 - $recorded);
    }
    push @found, "r3 has $least..$most statements at '$facts->{rows}', the record says $facts->{audit}"
      if $most < $low || $least > $high;
    $facts->{partly} = $open && ($least > $from || $most < $from);
    return @found;
}

# Whether status and text of the faulty run agree with the database (D), and say no secret (F).
sub lies {
    my ($self, $result, $facts, $target, $lossy) = @_;
    my ($status, $text) = @$result{qw(status text)};
    my @found;
    push @found, 'a secret was printed' if index($text, CANARY) >= 0;
    push @found, "status $status" unless $status =~ /^(0|1|3|69|75|130|137)$/;
    push @found, 'a sanitizer or GLib complains' if $text =~ /Sanitizer|runtime error:|GLib\S*-(CRITICAL|WARNING)/;
    push @found, "status 0 at '$facts->{rows}'" if $status == 0 && $facts->{rows} ne $target;
    push @found, "status $status, but a part of r3 is applied" if $status =~ /^(1|69|75|130)$/ && $facts->{partly};
    push @found, 'no message' if !$lossy && $status =~ /^(1|3|69|75|130)$/ && $text !~ /^cmig: error: ./m;
    push @found, 'status 3 without a way on'
      if !$lossy && $status == 3 && $text !~ /cmig repair|cmig current|run the command again|the next run/;
    if ($target eq 'r3' && $text =~ /^cmig: error: upgrade of (r\d): .*nothing of this revision is applied/ms) {
        my %there = (r1 => qr/r[123]/, r2 => qr/r[23]/, r3 => qr/r3/);
        push @found, "nothing of $1 is said to be applied at '$facts->{rows}'" if $facts->{rows} =~ $there{$1};
    }
    push @found, 'nothing is said to be applied, but a part of r3 is'
      if $facts->{partly} && $text =~ /nothing of (this revision|this migration|r3) is applied/;
    push @found, 'the version rows are said not to be there, and are'
      if $text =~ /version rows are not/ && $facts->{rows} eq $target;
    if ($target eq 'r3' && $text =~ /applied before this; the last one is (r\d)\./) {
        my $next = 'r' . (1 + substr $1, 1);
        push @found, "said to be at $1, is at '$facts->{rows}'"
          unless $facts->{rows} eq $1 || ($status == 3 && $facts->{rows} eq $next);
    }
    return @found;
}

# Whether anything stays behind (E): locks, journals, temporary files.
sub remains {
    my ($self, $lock_stays) = @_;
    my @found;
    if ($self->{kind} eq 'pg') {
        my $locks = $self->sql(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())}) + 0;
        push @found, "$locks advisory locks are left" if $locks;
    } else {
        push @found, map { "$_ is left" } grep { $_ ne $self->{file} && !($lock_stays && /-cmig-lock$/) }
          glob "$self->{folder}/db/* $self->{folder}/db/.[a-z]*";
        my $whole = $self->sql('PRAGMA integrity_check');
        push @found, "integrity: $whole" if $whole ne "ok\n";
    }
    my @files = map { s{.*/}{}r } glob "$self->{folder}/migrations/versions/{*,.[a-z]*}";
    push @found, "files: @files" if "@files" ne 'r1.sql r2.sql r3.sql';
    return @found;
}

# judge(RESULT, TARGET, LOSSY, LOCK_STAYS): everything after one faulty run, the next run included.
# Returns what is wrong. LOSSY: its text could not be written; LOCK_STAYS: the lock file may be left.
sub judge {
    my ($self, $result, $target, $lossy, $lock_stays) = @_;
    $self->wait_quiet or return 'a session of the server is left';
    my $facts = $self->facts;
    my @found = ($self->breaches($facts), $self->lies($result, $facts, $target, $lossy));
    my $next = $self->run([ $target ? ('upgrade', 'head') : ('downgrade', 'base') ]);
    push @found, "the next run ends with $next->{status}: $next->{text}" if $next->{status} != 0;
    $self->wait_quiet or push @found, 'a session of the server is left by the next run';
    my $after = $self->facts;
    push @found, "the next run ends at '$after->{rows}'" if $after->{rows} ne $target;
    push @found, $self->breaches($after), $self->remains($lock_stays);
    push @found, 'the dump differs from that of an undisturbed run' if $self->dump ne $self->{undisturbed}{$target};
    push @found, "then: status $result->{status}, $facts->{raw}\n$result->{text}" if @found;
    return @found;
}

# The dumps of runs without a fault, to compare with.
sub learn {
    my ($self) = @_;
    $self->reset;
    for my $way ([ 'r3', 'upgrade', 'head' ], [ '', 'downgrade', 'base' ]) {
        my ($target, @args) = @$way;
        my $result = $self->run(\@args);
        die "@args without a fault: $result->{text}" if $result->{status} != 0;
        $self->{undisturbed}{$target} = $self->dump;
    }
}

1;
