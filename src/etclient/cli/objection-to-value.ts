import { EtError } from '../../base/errors.ts';
import { nameOf, spellingsOf } from '../../base/flag.ts';
import { describeText } from '../../config/describe-text.ts';
import { CLIENT_KEYS } from './config-keys.ts';
import { isHalfOfTty } from './forward-flags.ts';
import { GivenFlags } from './given-flags.ts';
import { CLIENT_FLAGS } from './option-table.ts';
import { connectCommand } from './parse-command-line.ts';

/**
 * What is wrong with the value of a key: what its flag would say if it stood alone on a command line, without the flag's name. So a
 * flag that has a parser needs no other for its key.
 */
export function objectionToValue(name: string, text: string): string | undefined {
  const key = CLIENT_KEYS.find((each) => each.name === name);
  // These are no values of a flag.
  if (key === undefined || key.kind === 'switch' || key.kind === 'level') return undefined;
  const typed = { key: key.name, value: text };
  if (isHalfOfTty(typed)) return `${describeText(text)}: a tunnel has a colon, as in 8080:80`;
  try {
    connectCommand(new GivenFlags([typed]), { operands: ['host'], isTerminated: false });
    return undefined;
  } catch (error) {
    if (error instanceof EtError) return withoutFlag(key.name, messageOf(error));
    throw error;
  }
}

function messageOf({ message, advice }: EtError): string {
  return advice === undefined ? message : `${message}: ${advice}`;
}

function withoutFlag(name: string, message: string): string {
  const flag = CLIENT_FLAGS.find(({ key }) => key === name);
  const names = flag === undefined ? [] : [nameOf(flag), ...spellingsOf(flag)];
  const spelling = names.find(
    (each) => /^:? /u.test(message.slice(each.length)) && message.startsWith(each),
  );
  return spelling === undefined ? message : message.slice(spelling.length).replace(/^:? /u, '');
}
