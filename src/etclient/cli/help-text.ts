import { formatExamples, formatFlags } from '../../base/format-flags.ts';
import { CLIENT_EXAMPLES, CLIENT_FLAGS } from './option-table.ts';

const USAGE = `Usage: et [options] [user@]host[:port] [command...]
       et [options] --local [command...]

A remote shell that no network can kill: it starts over SSH, and survives what
happens to the connection afterwards. Options end at the host, as in ssh.
`;

const EXIT = `Exit status: the command's own; 128 + n when signal n ended it; 255 when et
itself failed; 2 when it was called wrongly.
`;

/** What `et --help` prints. */
export function clientHelp(): string {
  return [USAGE, formatFlags(CLIENT_FLAGS), formatExamples(CLIENT_EXAMPLES), EXIT].join('\n');
}
