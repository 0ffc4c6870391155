#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# calls.pl LIST FILE...: print FILE, line, name and reason (separated by tabs) of each call that LIST
# forbids, each call that makes a descriptor without a close-on-exec flag, and each goto.
use strict;
use warnings;

my ($list, @files) = @ARGV;
my %forbidden;
open(my $in, '<', $list) or die "$list: $!\n";
while (<$in>) {
    next if /^\s*(#|$)/;
    my ($name, $reason) = /^(\S+)\s+(\S.*?)\s*$/ or die "$list:$.: no reason\n";
    $forbidden{$name} = $reason;
}
close($in);

# calls that make a descriptor, and the flag that must be among their arguments
my %flag = (
    open => 'O_CLOEXEC', openat => 'O_CLOEXEC', pipe2 => 'O_CLOEXEC', dup3 => 'O_CLOEXEC',
    mkostemp => 'O_CLOEXEC', open_by_handle_at => 'O_CLOEXEC',
    socket => 'SOCK_CLOEXEC', socketpair => 'SOCK_CLOEXEC', accept4 => 'SOCK_CLOEXEC',
    memfd_create => 'MFD_CLOEXEC', epoll_create1 => 'EPOLL_CLOEXEC', eventfd => 'EFD_CLOEXEC',
    signalfd => 'SFD_CLOEXEC', timerfd_create => 'TFD_CLOEXEC', inotify_init1 => 'IN_CLOEXEC',
    fsopen => 'FSOPEN_CLOEXEC', fspick => 'FSPICK_CLOEXEC', fsmount => 'FSMOUNT_CLOEXEC',
    open_tree => 'OPEN_TREE_CLOEXEC', recvmsg => 'MSG_CMSG_CLOEXEC',
);

sub blank { my ($text) = @_; $text =~ s/[^\n]/ /g; return $text; }

# among the arguments, or in the definition of a constant among them
sub has_cloexec {
    my ($arguments, $text) = @_;
    return 1 if $arguments =~ /CLOEXEC/;
    for my $word ($arguments =~ /\b([A-Za-z_]\w*)\b/g) {
        return 1 if $text =~ /\b(?:int|unsigned|long|uint\d+_t)\s+\Q$word\E\s*=[^;]*CLOEXEC/;
        return 1 if $text =~ /^[ \t]*#[ \t]*define[ \t]+\Q$word\E\b(?:.|\\\n)*CLOEXEC/m;
    }
    return 0;
}

for my $file (@files) {
    open(my $source, '<', $file) or die "$file: $!\n";
    local $/ = undef;
    my $text = <$source>;
    close($source);
    # comments and literals out, lines kept; the mode of fopen is looked at before
    my $with_literals = $text;
    my $literal = qr/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/;
    my $comment = qr{/\*.*?\*/|//[^\n]*}s;
    $text =~ s/($comment|$literal)/blank($1)/ges;
    $with_literals =~ s/($comment)|($literal)/defined $1 ? blank($1) : $2/ges;
    my $report = sub {
        my ($offset, $name, $reason) = @_;
        my $line = 1 + (substr($text, 0, $offset) =~ tr/\n//);
        print join("\t", $file, $line, $name, $reason), "\n";
    };
    while ($text =~ /(?<![\w.>])(\w+)\s*(\((?:[^()]++|(?2))*\))/g) {
        my ($name, $arguments, $offset) = ($1, $2, $-[1]);
        # a declaration has a type before the name
        my $before = substr($text, 0, $offset);
        next if $before =~ /\b(?:int|long|ssize_t|char|void|FILE)[\s*]+$/;
        pos($text) = $offset + length($name) + 1; # calls among the arguments too
        if (exists $forbidden{$name}) {
            $report->($offset, $name, $forbidden{$name});
        } elsif (exists $flag{$name}) {
            $report->($offset, $name, "without $flag{$name}") unless has_cloexec($arguments, $text);
        } elsif ($name eq 'fcntl') {
            $report->($offset, 'F_DUPFD', 'F_DUPFD_CLOEXEC') if $arguments =~ /\bF_DUPFD\b/;
        } elsif ($name =~ /^f(?:re)?open$/) {
            substr($with_literals, $offset) =~ /^\w+\s*(\((?:[^()]++|(?1))*\))/;
            $report->($offset, $name, 'without "e" in its mode') unless ($1 // '') =~ /"[rwa][+b]*e[+b]*"/;
        }
    }
    while ($text =~ /\bgoto\b/g) {
        $report->($-[0], 'goto', 'leave by return; autoclose and autofree clean up');
    }
}
