const HIDDEN = '***';

/** The password of a URL: `wss://me:secret@host`. */
const IN_URL = /(:\/\/[^\s/:@'"]*:)[^\s/@'"]+(?=@)/gu;
/** `--password=x`, `?token=x`, `PASSWORD=x`. */
const NAMED = /((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key)=)[^\s&'"]+/giu;
/** `sshpass -p x` */
const SSHPASS = /(\bsshpass\s+(?:-\S+\s+)*?-p\s*)(?:'[^']*'|"[^"]*"|\S+)/gu;

/** What somebody has configured, without the passwords that may be in it, to be shown and sent around. */
export function hideSecrets(text: string): string {
  return text
    .replaceAll(IN_URL, `$1${HIDDEN}`)
    .replaceAll(SSHPASS, `$1${HIDDEN}`)
    .replaceAll(NAMED, `$1${HIDDEN}`);
}
