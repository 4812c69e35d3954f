#!/usr/bin/perl
# A server on a Unix socket that is no good PostgreSQL server.
#   pg-fake.pl SOCKET MODE
#   silent   takes the connection and never answers      close  ends it at once
#   http     answers as a web server                     huge   announces a message of 2 GB
#   error    refuses with a message that has an escape sequence and what the client sent
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $mode) = @ARGV;
unlink $path;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 10) or die "$path: $!";
my @open;
while (my $client = $listener->accept) {
    if ($mode eq 'silent') {
        push @open, $client;
        next;
    }
    if ($mode ne 'close') {
        sysread $client, my $startup, 4096;
        $startup =~ tr/\0/ /;
        my $fields = "SFATAL\0VFATAL\0C28000\0M\e[31mgo away\e[0m\nsecond line $startup\0\0";
        syswrite $client, "HTTP/1.1 400 Bad Request\r\nServer: \e[31mx\r\n\r\n" if $mode eq 'http';
        syswrite $client, 'E' . pack('N', 0x7ffffff0) . 'x' x 1000 if $mode eq 'huge';
        syswrite $client, 'E' . pack('N', 4 + length $fields) . $fields if $mode eq 'error';
    }
    close $client;
}
