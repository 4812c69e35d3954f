#!/usr/bin/perl
# A proxy between a client and a PostgreSQL server, both on Unix sockets, that cuts the first
# connection at one message of the protocol.
#   cut.pl LISTEN_SOCKET SERVER_SOCKET REPORT FAULT AFTERWARDS
#   FAULT        client=K   the client's K-th message is not delivered
#                server=K   the server's K-th message is not delivered
#                swallow=K  the client's K-th message is delivered, and all answers thrown away
#                none       nothing happens; REPORT gets "CLIENT_MESSAGES SERVER_MESSAGES"
#   AFTERWARDS   accept     later connections go through
#                refuse     nobody is let in any more
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($listen, $server, $report, $fault, $afterwards) = @ARGV;
my ($kind, $at) = $fault =~ /^(client|server|swallow)=(\d+)$/;
$kind //= 'none';
$SIG{PIPE} = 'IGNORE';
use constant QUIET => 0.2;    # seconds without an answer: the server is done

unlink $listen;
my $listener = IO::Socket::UNIX->new(Local => $listen, Listen => 100) or die "$listen: $!";
my $select = IO::Select->new($listener);
my %peer;       # socket -> its connection and which side it is
my $first;      # the connection that is counted and cut
my $swallowing; # its client is not listened to any more

sub drop {
    my ($connection) = @_;
    for my $side (qw(client server)) {
        $select->remove($connection->{$side});
        delete $peer{ $connection->{$side} };
        close $connection->{$side};
    }
    if ($first && $connection == $first && $kind eq 'none') {
        open my $out, '>', $report or die "$report: $!";
        print $out "$connection->{count}{client} $connection->{count}{server}\n";
        close $out;
    }
}

sub cut {
    drop($first);
    $swallowing = 0;
    $kind = 'done';
    if ($afterwards eq 'refuse') {
        unlink $listen;
        exit 0;
    }
}

sub put {
    my ($socket, $bytes) = @_;
    while (length $bytes) {
        my $sent = syswrite $socket, $bytes;
        return unless defined $sent;
        substr $bytes, 0, $sent, '';
    }
}

# One whole message from the front of the buffer. The client's first one has no type.
sub message {
    my ($connection, $side) = @_;
    my $bytes = \$connection->{buffer}{$side};
    my $typed = $side eq 'server' || $connection->{count}{client} > 0 ? 1 : 0;
    return if length $$bytes < $typed + 4;
    my $length = $typed + unpack 'N', substr $$bytes, $typed, 4;
    return if length $$bytes < $length;
    $connection->{count}{$side}++;
    return substr $$bytes, 0, $length, '';
}

sub forward {
    my ($connection, $side) = @_;
    my $to = $connection->{ $side eq 'client' ? 'server' : 'client' };
    while (defined(my $message = message($connection, $side))) {
        my $count = $connection->{count}{$side};
        if ($connection == $first && !$swallowing) {
            return cut() if $kind eq $side && $count == $at;
            if ($kind eq 'swallow' && $side eq 'client' && $count == $at) {
                put($to, $message);
                $select->remove($connection->{client});
                $swallowing = 1;
                return;
            }
        } elsif ($connection == $first && $side eq 'server') {
            return cut() if $message =~ /^Z/;
            next;
        }
        put($to, $message);
    }
}

sub accept_one {
    my $client = $listener->accept or return;
    my $upstream = IO::Socket::UNIX->new(Peer => $server);
    return close $client unless $upstream;
    my %connection = (
        client => $client, server => $upstream,
        buffer => { client => '', server => '' }, count => { client => 0, server => 0 },
    );
    $first //= \%connection;
    $peer{$client} = [ \%connection, 'client' ];
    $peer{$upstream} = [ \%connection, 'server' ];
    $select->add($client, $upstream);
}

while (1) {
    my @ready = $select->can_read($swallowing ? QUIET : undef);
    cut() if !@ready && $swallowing;
    for my $socket (@ready) {
        if ($socket == $listener) {
            accept_one();
            next;
        }
        my ($connection, $side) = @{ $peer{$socket} || next };
        my $got = sysread $socket, $connection->{buffer}{$side}, 1 << 16,
          length $connection->{buffer}{$side};
        if ($got) {
            forward($connection, $side);
        } elsif ($swallowing && $connection == $first) {
            cut();
        } else {
            drop($connection);
        }
    }
}
