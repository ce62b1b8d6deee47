/**
 * Whether `name`, in lower case, is one that `pattern` describes, as in ssh_config and known_hosts: `*` is any characters, `?` one.
 *
 * Without regular expressions, since `*a*a*a*...` would take one for ever.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  let at = 0;
  // Where the last star stands, and how far into the name it reaches.
  let star = -1;
  let reach = 0;
  for (let i = 0; i < name.length; ) {
    if (at < wanted.length && wanted[at] === '*') {
      star = at;
      reach = i;
      at += 1;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === name[i])) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      reach += 1;
      i = reach;
      at = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/u.test(wanted.slice(at));
}
