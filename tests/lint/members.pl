#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# members.pl HEADER... -- FILE...: each member of the structs in the headers has a row in the files (src/plan/fields.h).
# A row is of the struct that T is at its place. One line a member without: STRUCT.MEMBER
use strict;
use warnings;

my (@headers, @files);
push @{ $_ eq '--' || @files ? \@files : \@headers }, $_ for @ARGV;
shift @files;
@headers && @files or die "usage: members.pl HEADER... -- FILE...\n";

sub text_of {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    $text =~ s{/\*.*?\*/}{ }gs;
    return $text;
}

# The members of the outermost level: name => its type where that is a struct with a name.
my %members;
for my $header (@headers) {
    my $text = text_of($header);
    while ($text =~ /^struct (\w+) (\{((?:[^{}]|(?2))*)\});/gm) {
        my ($struct, $body) = ($1, $3);
        1 while $body =~ s/struct \{[^{}]*\} (\w+);/inner $1;/g;
        for (split /;/, $body) {
            my ($type) = /\bstruct (\w+)/;
            my ($first, @more) = split /,/;
            next unless defined $first && $first =~ /(\w+)\s*(?:\[\w*\])?\s*$/;
            $members{$struct}{$_} = $type // '' for $1, map { /(\w+)/ } @more;
        }
        # a list is shown by the row of the member that it is
        my @names = keys %{ $members{$struct} };
        delete $members{$struct} if exists $members{$struct}{n} && exists $members{$struct}{v} && !grep { !/^(n|v|capacity)$/ } @names;
    }
}
%members or die "no struct in @headers\n";

my %shown;
for my $file (@files) {
    my $struct;
    for (text_of($file) =~ /(^#define T struct \w+|\b(?:(?:ROW|PLAN|SHOWN)(?:_[A-Z]+)*)\([^()]*(?:\([^()]*\))?)/gm) {
        if (/^#define T struct (\w+)/) { $struct = $1; next }
        # the kind, or the type of an element, stands before the member; an offset names it
        my ($path) = /offsetof\(T,\s*([\w.]+)\)/ ? $1 : /\(\s*(?:[A-Z0-9]+\s*,|(?:const )?struct \w+,)?\s*([a-z][\w.]*)/ or next;
        next if !defined $struct || /,\s*NULL,\s*UNSHOWN\s*(?:,|$|\))/;
        my $at = $struct;
        for my $name (split /\./, $path) {
            $shown{$at}{$name} = 1;
            $at = $members{$at}{$name} // '';
        }
    }
}

for my $struct (sort keys %members) {
    for my $member (sort keys %{ $members{$struct} }) {
        next if $shown{$struct}{$member};
        # the list itself, whose row is in the same struct
        next if $member eq 'v' && $shown{$struct}{n};
        print "struct $struct.$member\n";
    }
}
