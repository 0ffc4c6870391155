# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of hostile images and configurations share: `load hostile` after `load helpers`.

# bind SOURCE DESTINATION [OPTION]...: a filter that adds a bind mount
bind() { jq -nr '".mounts += [" + ({source: $ARGS.positional[0], destination: $ARGS.positional[1], type: "bind", options: (["bind"] + $ARGS.positional[2:])} | tojson) + "]"' --args "$@"; }
