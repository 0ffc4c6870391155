#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# reach.pl PURE-SYMBOLS LIBRARY...: which functions of the pure rooms come to a symbol that asks or changes the system,
# by whatever function of base/ (the first library) in between, also through tables of functions. It reads the
# machine code, so that no room counts as pure by its name. One line each: LIBRARY OBJECT:SYMBOL FUNCTION SYSTEM, where
# SYMBOL is what the function of the pure room names itself, and SYSTEM what that comes to.
use strict;
use warnings;

my ($list, @libraries) = @ARGV;
my %pure;
open my $symbols, '<', $list or die "$list: $!\n";
while (<$symbols>) { $pure{$1} = 1 if /^([A-Za-z_]\w*)/ }

my (%edges, %defined, %place);

# Where a relocation is to a section and an offset, the name that stands there.
sub name_at {
    my ($labels, $section, $offset) = @_;
    my $found;
    for my $label (@{ $labels->{$section} || [] }) {
        last if $label->[0] > $offset;
        $found = $label->[1];
    }
    return $found;
}

sub read_object {
    my ($library, $object, $lines) = @_;
    my (%labels, %local, $section, $name);
    my $key = sub {
        my ($symbol) = @_;
        return $local{$symbol} ? "$library/$object:$symbol" : $symbol;
    };
    for (@$lines) {
        if (/^Disassembly of section (\S+):/) { $section = $1 }
        elsif (/^([0-9a-f]+) <([^>]+)>:/) {
            push @{ $labels{$section} }, [hex $1, $2];
            $local{$2} = 1;
        }
    }
    # those that others see have one name everywhere
    delete $local{$_} for grep { $defined{"$library/$object"}{$_} } keys %local;
    for (@$lines) {
        if (/^Disassembly of section (\S+):/) { $section = $1; undef $name }
        elsif (/^[0-9a-f]+ <([^>]+)>:/) {
            $name = $key->($1);
            $place{$name} = [$library, $object, $1];
        }
        elsif (!defined $name) { next }
        elsif (/\bR_\w+\s+(\S+)/) {
            my ($target, $offset) = ($1, 0);
            ($target, $offset) = ($1, hex($3) * ($2 eq '-' ? -1 : 1)) if $target =~ /^(.+?)([+-])0x([0-9a-f]+)$/;
            if ($target =~ /^\./) {
                # of an instruction it counts from its end
                my $there = name_at(\%labels, $target, $offset) // next;
                $edges{$name}{ $key->($there) } = 1;
                $there = name_at(\%labels, $target, $offset + 4);
                $edges{$name}{ $key->($there) } = 1 if $section =~ /^\.text/ && defined $there;
            } else {
                $edges{$name}{ $key->($target) } = 1;
            }
        }
        # a call within the section needs no relocation
        elsif (/\t(?:call|jmp|j\w+|bl?|b\.\w+)\s.*<([^>+]+)(?:\+0x[0-9a-f]+)?>/) { $edges{$name}{ $key->($1) } = 1 }
    }
}

for my $library (@libraries) {
    my $object;
    open my $names, '-|', 'nm', '-A', '-g', '--defined-only', $library or die "nm: $!\n";
    while (<$names>) {
        next unless /:([^:]+\.o):.* (\S+)$/;
        $defined{"$library/$1"}{$2} = 1;
        $defined{all}{$2} = 1;
    }
    close $names;
    my @lines;
    open my $code, '-|', 'objdump', '-Dr', '--no-show-raw-insn', '-j.text', '-j.text.unlikely', '-j.text.startup',
        '-j.data', '-j.data.rel', '-j.data.rel.ro', '-j.data.rel.ro.local', '-j.data.rel.local', '-j.rodata', $library
        or die "objdump: $!\n";
    while (<$code>) {
        if (/^(\S+\.o):\s+file format/) {
            read_object($library, $object, \@lines) if defined $object;
            ($object, @lines) = ($1);
        } else { push @lines, $_ }
    }
    read_object($library, $object, \@lines) if defined $object;
    close $code;
}

sub is_pure_name {
    my ($symbol) = @_;
    my $plain = $symbol;
    $plain =~ s/^__(\w+)_chk$/$1/;
    $plain =~ s/^__isoc\d+_//;
    return $pure{$symbol} || $pure{$plain} || $symbol =~ /^(\.|yajl_)/;
}

# 1: it comes to the system; what is asked for a second time on the way is a circle and says nothing of itself
my %reaches;
sub reaches {
    my ($start) = @_;
    my (%seen, @stack) = ($start => 1);
    @stack = ($start);
    while (defined(my $at = pop @stack)) {
        return $reaches{$at} if $reaches{$at};
        next if $pure{ $place{$at} ? $place{$at}[2] : $at };
        if (!$place{$at}) {
            next if is_pure_name($at);
            # data of the libraries has no code of its own
            next if $defined{all}{$at};
            return $at;
        }
        for my $next (keys %{ $edges{$at} || {} }) { push @stack, $next unless $seen{$next}++ }
    }
    return 0;
}

my $base = $libraries[0];
for my $name (sort keys %place) {
    next if $place{$name}[0] ne $base;
    my $system = reaches($name);
    $reaches{$name} = $system if $system;
}
my %said;
for my $name (sort keys %place) {
    my ($library, $object, $function) = @{ $place{$name} };
    next if $library eq $base;
    for my $target (sort keys %{ $edges{$name} || {} }) {
        my $bad = $place{$target} ? $place{$target}[0] eq $base && $reaches{$target} : !is_pure_name($target) && !$defined{all}{$target};
        (my $short = $library) =~ s{.*/}{};
        print "$short $object:$target $function ", $reaches{$target} || $target, "\n" if $bad && !$said{"$library $object $target"}++;
    }
}
