dnl SPDX-License-Identifier: Apache-2.0
dnl Macros of configure.ac.

dnl DS_CFLAG(VARIABLE, FLAG): append the compiler flag where the compiler takes it without a warning.
dnl clang only warns about a flag that it does not know, hence -Werror.
AC_DEFUN([DS_CFLAG], [
	AS_VAR_PUSHDEF([cache], [ds_cv_cflag_$2])
	AC_CACHE_CHECK([whether $CC accepts $2], [cache], [
		ds_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		CFLAGS=$ds_saved_CFLAGS
	])
	AS_VAR_IF([cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cache])
])

dnl DS_LDFLAG(VARIABLE, FLAG): the same for the linker.
AC_DEFUN([DS_LDFLAG], [
	AS_VAR_PUSHDEF([cache], [ds_cv_ldflag_$2])
	AC_CACHE_CHECK([whether the linker accepts $2], [cache], [
		ds_saved_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		LDFLAGS=$ds_saved_LDFLAGS
	])
	AS_VAR_IF([cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cache])
])

dnl DS_RELATIVE(VARIABLE): append what packs relative relocations (DT_RELR), where the linker and the C library that the
dnl program will run with know it: most of the program's tables are pointers, and a relocation is three times as long.
AC_DEFUN([DS_RELATIVE], [
	AC_CACHE_CHECK([whether relative relocations can be packed], [ds_cv_relative], [
		ds_saved_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS $KIND_LDFLAGS -Wl,-z,pack-relative-relocs -Wl,--fatal-warnings"
		AC_RUN_IFELSE([AC_LANG_PROGRAM(
			[[static const char *const words[] = { "a", "b" }; const char *const *table = words;]],
			[[return table[1][0] != 'b';]])],
			[ds_cv_relative=yes], [ds_cv_relative=no], [ds_cv_relative=no])
		LDFLAGS=$ds_saved_LDFLAGS
	])
	AS_VAR_IF([ds_cv_relative], [yes], [AS_VAR_APPEND([$1], [" -Wl,-z,pack-relative-relocs"])])
])

dnl DS_MISSING(WHAT, DEBIAN, FEDORA, ALPINE): remember a library that is not there; all are reported at
dnl once by DS_REPORT_MISSING.
AC_DEFUN([DS_MISSING], [
	ds_missing="$ds_missing
  $1: Debian $2, Fedora $3, Alpine $4"
	ds_missing_debian="$ds_missing_debian $2"
	ds_missing_fedora="$ds_missing_fedora $3"
	ds_missing_alpine="$ds_missing_alpine $4"
])

AC_DEFUN([DS_REPORT_MISSING], [
	AS_IF([test -n "$ds_missing"], [AC_MSG_ERROR([needed, but not found:$ds_missing
Install with one of
  apt-get install$ds_missing_debian
  dnf install$ds_missing_fedora
  apk add$ds_missing_alpine])])
])

dnl DS_LIBRARY(NAME, MODULE, HEADER, LIBRARY, FUNCTION, ARCHIVES, DEBIAN, FEDORA, ALPINE)
dnl Find a library through pkg-config or, without its .pc file, by its header. NAME_CFLAGS and NAME_LIBS
dnl are set; ARCHIVES are the -l options under which a static archive may be found, the first that links
dnl into a program of the wanted kind is used unless --disable-static-libs is given.
AC_DEFUN([DS_LIBRARY], [
	ds_found=no
	PKG_CHECK_MODULES([$1], [$2], [ds_found=yes], [
		AC_CHECK_HEADER([$3], [AC_CHECK_LIB([$4], [$5], [ds_found=yes; $1_LIBS=-l$4])])
	])
	ds_linkage_$1=shared
	AS_IF([test "x$ds_found" = xno], [DS_MISSING([$4], [$7], [$8], [$9])],
	      [test "x$enable_static_libs" = xyes], [
		for ds_archive in $6; do
			AC_MSG_CHECKING([for a static archive of $4 as $ds_archive])
			ds_saved_LIBS=$LIBS
			ds_saved_LDFLAGS=$LDFLAGS
			ds_saved_CFLAGS=$CFLAGS
			CFLAGS="$CFLAGS $KIND_CFLAGS"
			LDFLAGS="$LDFLAGS $KIND_LDFLAGS"
			LIBS="$ds_archive $LIBS"
			AC_LINK_IFELSE([AC_LANG_CALL([], [$5])], [ds_ok=yes], [ds_ok=no])
			LIBS=$ds_saved_LIBS
			LDFLAGS=$ds_saved_LDFLAGS
			CFLAGS=$ds_saved_CFLAGS
			AC_MSG_RESULT([$ds_ok])
			AS_IF([test "x$ds_ok" = xyes], [
				$1_LIBS=$ds_archive
				ds_linkage_$1=static
				break
			])
		done
		AS_IF([test "x$enable_static_binary.$ds_linkage_$1" = xyes.shared],
			[AC_MSG_ERROR([--enable-static-binary: no static archive of $4 that links])])
	])
])
