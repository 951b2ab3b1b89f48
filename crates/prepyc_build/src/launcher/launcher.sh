#!/bin/sh
shell=r''':'
# Two programs in one file. The shell reads this half: it finds the runfiles and becomes the interpreter, which reads the
# same file, takes this half for a text, and runs the other.
needed=@NEEDED@
launcher=$0
case $launcher in /*) ;; *) launcher=$PWD/$launcher ;; esac

runfiles=${RUNFILES_DIR:-}
if [ -z "$runfiles" ]; then
  case ${RUNFILES_MANIFEST_FILE:-} in
    *.runfiles_manifest) runfiles=${RUNFILES_MANIFEST_FILE%_manifest} ;;
    *.runfiles/MANIFEST) runfiles=${RUNFILES_MANIFEST_FILE%/MANIFEST} ;;
  esac
fi
# The caller's runfiles may be another program's.
if [ -z "$runfiles" ] || [ ! -e "$runfiles/$needed" ]; then
  runfiles=
  file=$launcher
  while :; do
    if [ -d "$file.runfiles" ]; then
      runfiles=$file.runfiles
      break
    fi
    case $file in
      *.runfiles/*)
        runfiles=${file%.runfiles/*}.runfiles
        break
        ;;
    esac
    [ -L "$file" ] || break
    target=$(readlink "$file") || break
    case $target in
      /*) file=$target ;;
      *) file=${file%/*}/$target ;;
    esac
  done
  if [ -z "$runfiles" ] || [ ! -e "$runfiles/$needed" ]; then
    echo "$0: no runfiles with $needed: neither in RUNFILES_DIR nor beside this file; build it again" >&2
    exit 1
  fi
  unset RUNFILES_MANIFEST_FILE
fi
case $runfiles in /*) ;; *) runfiles=$PWD/$runfiles ;; esac
RUNFILES_DIR=$runfiles
export RUNFILES_DIR
@ENVIRONMENT@
interpreter=@INTERPRETER@
if [ ! -x "$interpreter" ]; then
  echo "$0: no interpreter at $interpreter: is its toolchain still installed?" >&2
  exit 1
fi
exec "$interpreter"@INTERPRETER_ARGUMENTS@ "$launcher" "$@"
'''


