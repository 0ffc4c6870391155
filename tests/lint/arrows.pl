#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# arrows.pl TABLE SOURCE-DIRECTORY: what the sources see that tests/lint/arrows does not let them see. Standard input is
# what `cc -M` says of them, so that it is all headers. One line each: FILE NAME WHAT, where NAME is the header's room,
# or the word; of a row for several files the row stands for the file, and the first of them is told.
use strict;
use warnings;

my ($table, $top) = @ARGV;
my (%may, @not, @words);
open my $rows, '<', $table or die "$table: $!\n";
while (<$rows>) {
    next if /^\s*(#|$)/;
    my ($who, $what) = /^(\S+):\s*(.*?)\s*$/ or die "$table:$.: not a row\n";
    my @what = split ' ', $what;
    if ($who !~ /\*/) { $may{$who} = { map { $_ => 1 } @what } }
    else {
        (my $pattern = quotemeta $who) =~ s/\\\*/[^\/]*/g;
        push @not,   [$who, $pattern, map { substr $_, 1 } grep { /^!/ } @what];
        push @words, [$pattern, map { substr $_, 1 } grep { /^-/ } @what];
    }
}

my $text = do { local $/; <STDIN> };
$text =~ s/\\\n/ /g;
my %said;
for (split /\n/, $text) {
    my (undef, @seen) = split;
    @seen = map { s{^(?:\./)?}{}r } @seen;
    my ($source) = grep { m{^src/.*\.c$} } @seen or next;
    $source =~ s{^src/}{};
    my $room = $source =~ m{^(.*)/} ? $1 : $source;
    if (!$may{$room}) {
        print "$source - the room '$room' is not in tests/lint/arrows\n";
        next;
    }
    for (@seen) {
        my ($other, $header) = m{^src/(\S+)/(\S+)$} or next;
        next if $other eq $room;
        print "$source $other sees $other/$header\n"
            unless $may{$room}{$other} || $may{$room}{"$other/$header"} || $said{"$source $other"}++;
        for (@not) {
            my ($who, $pattern, @rooms) = @$_;
            next unless $source =~ /^$pattern$/ && grep { $_ eq $other } @rooms;
            print "$who $other $source sees $other/$header\n" unless $said{"$who $other"}++;
        }
    }
}

for (glob "$top/src/*/*.c $top/src/*/*/*.c") {
    my ($source) = m{src/(.*)$};
    my @patterns = map { my ($pattern, @list) = @$_; $source =~ /^$pattern$/ ? @list : () } @words;
    open my $code, '<', $_ or die "$_: $!\n";
    while (<$code>) {
        print "$source extern line $.: a declaration that no header has\n" if /^\s*extern\b/;
        next if m{^\s*(/?\*|//)};
        for my $word (@patterns) { print "$source $1 line $.: is not the container's side's\n" if /($word)/ }
    }
}
