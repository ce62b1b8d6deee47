import { usageError } from '../../base/usage-error.ts';

/** What was typed at the prompt of `~C`. */
export type PromptLine =
  | { readonly kind: 'add' | 'rm'; readonly flag: string; readonly value: string }
  | { readonly kind: 'ls' | 'help' | 'nothing' };

/**
 * Reads what was typed at the prompt of `~C`: as in ssh `-L 8003:db:5432` or `-L8003:db:5432`, and `-KL 8003` to cancel it; or as
 * after `et forward`: `rm -L 8003`, `ls`. What the flag and its value mean is looked at when they are used.
 *
 * @throws {EtError} ET_ERR_USAGE
 */
export function parsePromptLine(text: string): PromptLine {
  const line = text.trim();
  if (line === '') return { kind: 'nothing' };
  if (/^(?:\?|help|-h)$/u.test(line)) return { kind: 'help' };
  if (line === 'ls') return { kind: 'ls' };
  const [, verb, asked = ''] = /^(?:(add|rm)\s+)?(.*)$/su.exec(line) ?? [];
  const isCancel = /^-K[A-Za-z]/u.test(asked);
  const forward = isCancel ? `-${asked.slice(2)}` : asked;
  const [, flag, value] = /^(--[a-z-]+|-[A-Za-z])[\s=]*(.*)$/su.exec(forward) ?? [];
  if (flag === undefined || value === undefined || value === '' || (isCancel && verb === 'add')) {
    throw usageError(`${JSON.stringify(line.slice(0, 200))} is no command; help lists them`);
  }
  return { kind: isCancel || verb === 'rm' ? 'rm' : 'add', flag, value };
}

/** What `help` prints at the prompt. */
export const PROMPT_HELP: readonly string[] = [
  'Commands:',
  '  -L[bind:]port:host:hostport    forward a port of this machine',
  '  -R[bind:]port:host:hostport    forward a port of the host',
  '  -D[bind:]port                  a SOCKS proxy here',
  '  -U[bind:]port:host:port        forward datagrams',
  '  -t, -r, --udp-reverse, --http-proxy as on the command line',
  '  -KL[bind:]port                 cancel a forward; -KR, -KD and -KU alike',
  '  rm --http-proxy port           cancel one whose flag is long',
  '  ls                             list the forwards',
];
