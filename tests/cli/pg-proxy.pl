#!/usr/bin/perl
# A proxy between a client and a PostgreSQL server, both on Unix sockets, that counts round trips: how
# often the server answers something that the client sent.
#   pg-proxy.pl LISTEN_SOCKET SERVER_SOCKET REPORT [cut=N | mute=N | pid]
# One line per connection goes to REPORT when it ends: the number of round trips.
#   cut=N   the answer to the N-th of the first connection is waited for, thrown away, and the
#           connection is cut
#   mute=N  as cut=N, and every later connection is taken and never answered
#   pid     the process number that the server announces is changed, as behind a pooler
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($listen, $server, $report, $mode) = @ARGV;
$mode //= '';
my ($cut) = $mode =~ /^(?:cut|mute)=(\d+)$/;
my @open;
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';

unlink $listen;
my $listener = IO::Socket::UNIX->new(Local => $listen, Listen => 100) or die "$listen: $!";
chmod 0777, $listen;

while (my $client = $listener->accept) {
    push @open, $client;
    next if $mode =~ /^mute/ && @open > 1;
    defined(my $child = fork) or die "fork: $!";
    if ($child == 0) {
        serve($client);
        exit 0;
    }
    $open[-1] = undef;
    close $client;
    undef $cut; # a client that comes back may have to wait, which takes round trips
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

sub serve {
    my ($client) = @_;
    my $upstream = IO::Socket::UNIX->new(Peer => $server) or return;
    my $select = IO::Select->new($client, $upstream);
    my ($trips, $asked, $from_client) = (0, 0, 0);
    SESSION: while (1) {
        for my $ready ($select->can_read) {
            my $got = sysread $ready, my $bytes, 1 << 16;
            last SESSION unless $got;
            if ($ready == $client) {
                # Questions that are sent without waiting for answers are one round trip.
                my $quiet = IO::Select->new($client);
                while ($mode eq '' && $quiet->can_read(0.02)) {
                    sysread $client, $bytes, 1 << 16, length $bytes or last;
                }
                $asked = 1;
                put($upstream, $bytes) or last SESSION;
                next;
            }
            $trips++ if $asked;
            $asked = 0;
            if (defined $cut && $trips >= $cut) {
                # The server is done when it says that it is ready for the next query.
                while ($bytes !~ /Z\0\0\0\005.\z/s) {
                    sysread($upstream, $bytes, 1 << 16, length $bytes) or last;
                }
                last SESSION;
            }
            # BackendKeyData: K, length 12, process, secret.
            $bytes =~ s/(K\0\0\0\014)(....)/$1 . pack('N', 1 + unpack 'N', $2)/se if $mode eq 'pid';
            put($client, $bytes) or last SESSION;
        }
    }
    open my $out, '>>', $report or die "$report: $!";
    print $out "$trips\n";
    close $out;
}
