#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
# Each sentence with which a rule can refuse is in the table of all refusals: refusals.pl TABLE FILE...
# A sentence is found at its edit_refuse(), or, where a variable is given there, in the function that made it.
use strict;
use warnings;

my $string = qr/"(?:[^"\\]|\\.)*"/;
my (%macros, %texts);

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# What stands between the bracket at this place and the one that closes it.
sub inside {
    my ($text, $at) = @_;
    my ($depth, $start) = (0, $at);
    pos($text) = $at;
    while ($text =~ /\G(?:($string)|(.))/gs) {
        next unless defined $2;
        $depth++ if $2 eq '(' || $2 eq '{';
        $depth-- if $2 eq ')' || $2 eq '}';
        return substr($text, $start, pos($text) - $start) if !$depth;
    }
    die "a bracket is not closed\n";
}

# Texts in a piece of code that are long enough to be a sentence or a part of one.
sub sentences {
    my ($code) = @_;
    my @found;
    while ($code =~ /((?:(?:$string|\b[A-Z][A-Z_]+\b)\s*)+)/g) {
        my $chain = $1;
        next unless $chain =~ /"/;
        my $text = join '', map { /^"(.*)"$/s ? $1 : $macros{$_} // '' } $chain =~ /($string|\b[A-Z][A-Z_]+\b)/g;
        $text =~ s/\\(.)/$1/g;
        push @found, $text if length $text >= 24;
    }
    return @found;
}

my ($table, @files) = @ARGV;
$table = slurp($table);
for my $file (@files) {
    ($texts{$file} = slurp($file)) =~ s{/\*.*?\*/}{ (my $lines = $&) =~ s/[^\n]//g; $lines }gse;
    $macros{$1} = $2 while $texts{$file} =~ /^#define (\w+) "((?:[^"\\]|\\.)*)"$/gm;
}
for my $file (sort @files) {
    my $text = $texts{$file};
    while ($text =~ /(?<!void )\bedit_refuse\(/g) {
        my $before = substr($text, 0, $-[0]);
        my $line = 1 + $before =~ tr/\n//;
        my $arguments = inside($text, $+[0] - 1);
        my @sentences = sentences($arguments);
        if (!@sentences) {
            my ($variable) = $arguments =~ /,\s*(\w+)\)$/;
            my ($maker) = !$variable ? undef : $before =~ /.*\b\Q$variable\E = (\w+)\(/s;
            @sentences = sentences(inside($text, $-[1])) if $maker && $text =~ /^(?:static )?[\w *]+?\b\Q$maker\E\([^;{]*\)\n(\{)/m;
        }
        print "$file:$line: a refusal in which no sentence is found\n" if !@sentences;
        for my $sentence (@sentences) {
            my $pattern = join '.*', map { quotemeta } split /%(?:l*[dus]|zu)/, $sentence, -1;
            print "$file:$line: is not in the table: $sentence\n" if $table !~ /$pattern/;
        }
    }
}
