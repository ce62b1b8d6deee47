// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell expands these

/**
 * What runs on the host, under its `sh`: finds etserver and a Node that can run it, and starts it.
 * Arguments: `b` (a session that outlives us) or `f` (in the foreground), the path given by --server-path or nothing,
 * then the subcommand and its arguments.
 *
 * It travels in single quotes through whatever login shell there is. So it has no single quote and no double backslash (fish),
 * no exclamation mark and no line end (csh). Every line below must therefore end where a blank may follow.
 *
 * Versions are read off a path or a header where they stand there; `node -v` costs 10 ms, and the search through the login shell
 * as long as the user's profile takes. So both come last. The launcher checks again.
 */
const SCRIPT_LINES: readonly string[] = [
  // csh leaves copies of its descriptors behind: a session that held one would hold the channel.
  'exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-;',
  'm=$1; s=$2; shift 2; e=; k=; n=; f=; b=;',

  // A failure, told as the client expects it. Only harmless characters of a path go into the JSON.
  'c() { printf "%s" "$1" | tr -c "[:alnum:] _./:,;=+@%()~-" "?"; };',
  'fail() { echo "EVERTERM-REPLY {\\"error\\":{\\"code\\":\\"$1-missing\\",\\"message\\":\\"$(c "$2")\\",\\"advice\\":\\"$3\\"}} EVERTERM-END";',
  'exit 127; };',

  // server PATH: is it ours? Eternal Terminal has an etserver too, which is a binary. Version managers put binaries and scripts
  // of their own in the place of ours; those find their Node themselves.
  'server() { [ -f "$1" ] && [ -r "$1" ] || return 1; l=; read -r l <"$1";',
  'case $l in "#"?*node|"#"?*node" "*|"#"?*nodejs) k=node;; "#"?*) k=other;;',
  '*) case $1 in */.volta/*|*/shims/*) k=other;; *) b=$1; return 1;; esac;; esac; e=$1; } 2>/dev/null;',

  // new VERSION: is it at least 20.19? Leaves a number to compare versions by in w.
  'new() { M=${1%%.*}; N=${1#*.}; N=${N%%.*}; N=000$N; w=$M${N#"${N%???}"}; [ "$w" -ge 20019 ]; } 2>/dev/null;',
  // dated PATH: the version that stands in a path, in v.
  'dated() { v=${1%/bin/node}; v=${v%/installation}; v=${v##*/}; v=${v#v};',
  'case $v in [0-9]*.[0-9]*.[0-9]*) ;; *) return 1;; esac; };',
  // try PATH: takes it as n if it is new enough, else remembers it in f.
  'try() { [ -x "$1" ] || return 1;',
  'if dated "$1"; then new "$v" && n=$1 && return; fi;',
  'h=${1%/bin/node}/include/node/node_version.h; if [ -r "$h" ]; then M=; N=;',
  'while read -r x y z; do case $y in NODE_MAJOR_VERSION) M=$z;; NODE_MINOR_VERSION) N=$z; break;; esac; done <"$h";',
  'new "$M.$N." && n=$1 && return; fi;',
  'v=$("$1" -v 2>/dev/null </dev/null); new "${v#v}" && n=$1 && return;',
  'f="${f:-$1 is ${v:-not working}}"; return 1; };',
  // ask NAME: where the login shell finds a program, past whatever its profile prints.
  'ask() { "${SHELL:-sh}" -l -c "echo; command -v $1" </dev/null 2>/dev/null | grep "^/.*/$1\\$" | tail -n 1; };',

  // The newest of those that version managers keep, in a directory named after the version each.
  'managed() { o=0; t=; for p in',
  '"${NVM_DIR:-$HOME/.nvm}"/versions/node/*/bin/node',
  '"${FNM_DIR:-$HOME/.local/share/fnm}"/node-versions/*/installation/bin/node',
  '"$HOME"/.fnm/node-versions/*/installation/bin/node',
  '"$HOME/Library/Application Support/fnm"/node-versions/*/installation/bin/node',
  '"${VOLTA_HOME:-$HOME/.volta}"/tools/image/node/*/bin/node',
  '"${ASDF_DATA_DIR:-$HOME/.asdf}"/installs/nodejs/*/bin/node',
  '"${MISE_DATA_DIR:-$HOME/.local/share/mise}"/installs/node/*/bin/node',
  '"${NODENV_ROOT:-$HOME/.nodenv}"/versions/*/bin/node;',
  'do [ -x "$p" ] && dated "$p" || continue;',
  'if new "$v"; then [ "$w" -gt "$o" ] && o=$w && t=$p; else f="${f:-$p is v$v}"; fi; done; [ -n "$t" ] && n=$t; };',

  'find_node() { try "$(command -v node)" || managed && return;',
  'for p in "$HOME/.local/bin/node" /usr/local/bin/node /opt/homebrew/bin/node /home/linuxbrew/.linuxbrew/bin/node',
  '"$HOME/n/bin/node" /snap/bin/node; do try "$p" && return; done; try "$(ask node)"; };',

  // The server. Where only an npm of a version manager has installed it, it lies beside the Node found.
  'if [ -n "$s" ]; then case $s in "~/"*) s=$HOME/${s#"~/"};; */*) ;; *) p=$(command -v "$s") && s=$p;; esac;',
  'server "$s" || fail server "no etserver at $s${b:+, which is another program}" "check --server-path";',
  'else for p in "$(command -v etserver)" "$HOME/.local/bin/etserver" /usr/local/bin/etserver; do server "$p" && break; done; fi;',
  'if [ "$k" = node ] || [ -z "$e" ]; then find_node; fi;',
  'if [ -z "$e" ] && [ -n "$n" ]; then server "${n%/*}/etserver"; fi;',
  'if [ -z "$e" ]; then server "$(ask etserver)"; fi;',
  'if [ -z "$e" ]; then fail server "no etserver on PATH, in ~/.local/bin or in /usr/local/bin${b:+ ($b is another program)}"',
  '"run npm install -g everterm on the host, or name its place with --server-path"; fi;',
  'if [ "$k" = node ] && [ -z "$n" ]; then fail node "etserver needs Node 20.19 or newer; ${f:-no Node found}"',
  '"install one on the host, for example with nvm install --lts, or from https://nodejs.org"; fi;',

  'if [ "$k" = node ]; then set -- "$n" "$e" "$@"; else set -- "$e" "$@"; fi;',
  'if [ "$m" = f ]; then exec "$@"; fi;',
  // See src/process/one-arena.ts.
  '[ -n "$MALLOC_ARENA_MAX" ] || { MALLOC_ARENA_MAX=01; export MALLOC_ARENA_MAX; };',
  // A Node cannot leave its process session by itself; with setsid(1) it need not start a second one. The server holds the pipe
  // to cat until it has replied. Were the channel its own, some sshds would close it as soon as this shell has ended.
  // A background job would have no stdin, were it not for descriptor 3.
  'if command -v setsid >/dev/null; then set -- setsid "$@" --detached; fi;',
  '{ "$@" <&3 3<&- & } 3<&0 | cat',
];

/** The script as one line, ready for single quotes. */
export const REMOTE_SCRIPT: string = SCRIPT_LINES.join(' ');
