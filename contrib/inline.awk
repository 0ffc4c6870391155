# SPDX-License-Identifier: Apache-2.0
# awk -v contrib=DIRECTORY -f inline.awk SCRIPT: the script with the text of each file of contrib/ that it sources in place
# of the line that sources it, so that what is installed is one file.
/^# shellcheck source=/ { next }
/^\. "\$\(dirname "\$\(realpath "\$0"\)"\)\// {
    name = $0
    sub(/.*\)"\)\//, "", name)
    sub(/"$/, "", name)
    name = contrib "/" name
    while ((status = (getline line <name)) > 0)
        if (line !~ /^(#!|# shellcheck|# SPDX)/) print line
    if (status < 0) {
        print "inline.awk: cannot read " name >"/dev/stderr"
        exit 1
    }
    close(name)
    next
}
{ print }
