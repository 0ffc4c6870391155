dnl SPDX-License-Identifier: Apache-2.0
dnl The one place that names the version of the next release.
m4_define([DISTRO_SHIM_VERSION], [0.1.0])
