#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# circles.pl LIBRARY...: files of a room that use each other in a circle, by the symbols that their objects define and
# use. One line a circle: ROOM FILE,FILE,...; and of two objects with one name, which could not be told apart, that name
# twice.
use strict;
use warnings;

for my $library (@ARGV) {
    my ($room) = $library =~ /lib(\w+)\.a$/ or die "$library: not a library\n";
    my (%defined, %used, %edges, %members);
    # folders of a room have one library, which knows an object by its last name alone
    for (sort grep { $members{$_}++ == 1 } split /\n/, `ar t $library`) { print "$room $_,$_\n" }
    open my $names, '-|', 'nm', '-A', $library or die "nm: $!\n";
    while (<$names>) {
        next unless /:([^:]+)\.o:\s*[0-9a-f]*\s+(\w)\s+(\S+)$/;
        my ($object, $kind, $symbol) = ($1, $2, $3);
        if ($kind eq 'U') { push @{ $used{$object} }, $symbol }
        elsif ($kind eq uc $kind) { $defined{$symbol} = $object }
    }
    close $names;
    for my $object (keys %used) {
        for (@{ $used{$object} }) {
            $edges{$object}{ $defined{$_} } = 1 if defined $defined{$_} && $defined{$_} ne $object;
        }
    }
    # in a circle is what comes back to itself
    my %from;
    for my $object (keys %edges) {
        my @stack = keys %{ $edges{$object} };
        while (defined(my $at = pop @stack)) {
            next if $from{$object}{$at}++;
            push @stack, keys %{ $edges{$at} || {} };
        }
    }
    my %seen;
    for my $object (sort grep { $from{$_}{$_} } keys %from) {
        next if $seen{$object};
        my @circle = sort grep { $from{$object}{$_} && $from{$_} && $from{$_}{$object} } keys %{ $from{$object} };
        $seen{$_} = 1 for @circle;
        print "$room ", join(',', @circle), "\n";
    }
}
