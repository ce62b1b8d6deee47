import { formatFlags, formatRow } from '../../base/format-flags.ts';
import { SERVER_FLAGS, SUBCOMMANDS, type Subcommand } from './option-table.ts';

const USAGE = `Usage: etserver [router] [-p PORT] [--bind ADDRESS]... [--socket PATH]
                [--allow-forward-to LIST]
       etserver router --status [--json]
       etserver ls [--json]
       etserver kill ID... | --all

The far end of et: it holds a shell for a client that may lose its network. et
starts it over SSH; nothing has to run beforehand, and none of it needs root. A
router is for machines that want one port for all: see docs/router.md.
`;

/** What `etserver --help` prints. */
export function serverHelp(): string {
  return [
    USAGE,
    `Commands:\n${rowsFor('person')}`,
    `Commands that et runs:\n${rowsFor('program')}`,
    formatFlags(SERVER_FLAGS),
  ].join('\n');
}

function rowsFor(audience: Subcommand['audience']): string {
  return SUBCOMMANDS.filter((each) => each.audience === audience)
    .map(({ name, operands, help }) => formatRow(`${name} ${operands}`.trimEnd(), help))
    .join('');
}
