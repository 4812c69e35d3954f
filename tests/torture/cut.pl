#!/usr/bin/perl
# A proxy between a client and a PostgreSQL server, both on Unix sockets, that knows where messages
# end and cuts the first connection at one of them.
#   cut.pl LISTEN_SOCKET SERVER_SOCKET REPORT SIDE AT AFTERWARDS
#   SIDE        client or server: whose messages are counted
#   AT          the first message that is not delivered, from 1; 0 = none
#   AFTERWARDS  serve or refuse: what later connections get
# When a connection ends, how many messages of client and server it had goes to REPORT.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($listen, $server, $report, $side, $at, $afterwards) = @ARGV;
$SIG{PIPE} = 'IGNORE';
unlink $listen;
my $listener = IO::Socket::UNIX->new(Local => $listen, Listen => 100) or die "$listen: $!";
chmod 0777, $listen;

my $first = 1;
while (my $client = $listener->accept) {
    if (!$first && $afterwards eq 'refuse') {
        close $client;
        next;
    }
    my $cut = $first ? $at : 0;
    $first = 0;
    defined(my $child = fork) or die "fork: $!";
    next if $child;
    serve($client, $cut);
    exit 0;
}

sub put {
    my ($socket, $bytes) = @_;
    while (length $bytes) {
        my $sent = syswrite $socket, $bytes;
        return 0 unless defined $sent;
        substr($bytes, 0, $sent, '');
    }
    return 1;
}

# How many bytes the first message of a buffer has, 0 when it is not whole. The client's first one
# has no type.
sub message_length {
    my ($buffer, $typed) = @_;
    my $head = $typed ? 5 : 4;
    return 0 if length($$buffer) < $head;
    my $length = unpack('N', substr($$buffer, $head - 4, 4)) + $head - 4;
    return length($$buffer) >= $length ? $length : 0;
}

sub serve {
    my ($client, $cut) = @_;
    my $upstream = IO::Socket::UNIX->new(Peer => $server) or return;
    my $select = IO::Select->new($client, $upstream);
    my %buffer = (client => '', server => '');
    my %count = (client => 0, server => 0);
    SESSION: while (1) {
        for my $ready ($select->can_read) {
            my $from = $ready == $client ? 'client' : 'server';
            my $to = $ready == $client ? $upstream : $client;
            my $got = sysread $ready, my $bytes, 1 << 16;
            last SESSION unless $got;
            $buffer{$from} .= $bytes;
            while (my $length = message_length(\$buffer{$from}, $from eq 'server' || $count{client} > 0)) {
                $count{$from}++;
                if ($cut && $from eq $side && $count{$from} >= $cut) {
                    # What the client asked is done when the server is ready for the next query.
                    settle($upstream, \$buffer{server}) if $side eq 'server';
                    last SESSION;
                }
                put($to, substr($buffer{$from}, 0, $length, '')) or last SESSION;
            }
        }
    }
    open my $out, '>>', $report or die "$report: $!";
    print $out "$count{client} $count{server}\n";
    close $out;
}

sub settle {
    my ($upstream, $buffer) = @_;
    my $select = IO::Select->new($upstream);
    while ($$buffer !~ /Z\0\0\0\005.\z/s && $select->can_read(1)) {
        sysread($upstream, $$buffer, 1 << 16, length $$buffer) or last;
    }
}
