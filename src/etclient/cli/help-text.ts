import { formatExamples, formatFlags } from '../../base/format-flags.ts';
import { CLIENT_EXAMPLES } from './client-examples.ts';
import { CLIENT_FLAGS } from './option-table.ts';

const USAGE = `Usage: et [options] [user@]host[:port] [command...]
       et [options] --local [command...]

A remote shell that no network can kill: it starts over SSH, and survives what
happens to the connection afterwards. Options end at the host, as in ssh.
`;

const LEAVING = `Sessions go on when their client has left (a host of such a name is
et -- attach, or user@attach; flags as for the host, as in et ls -p 2222 host):
  et attach [NAME|ID|HOST [NAME|ID]]
                          work in one again, from wherever; a client that has
                          it leaves. Alone: the latest that was left here
  et ls [HOST] [--json]   those known here, or all of yours on the host
  et detach [NAME|ID]     leave the one that this shell is in, or have its
                          client leave; ~d does so in a terminal
  et kill [HOST] NAME|ID...
                          end them, with what runs in them
  et history [NAME|ID|HOST [NAME|ID]] [--text|--raw] [--since OFFSET]
                          print the output that its host keeps
ID is the beginning of a session id, four digits or more.
`;

const RUNNING = `For clients with forwards that run on this machine (a host of such a name is
et -- status, or user@status):
  et status [--json] [--session NAME]
                          what each does: its link, forwards, bytes
  et forward ls [--session NAME]
  et forward add [--session NAME] FLAG VALUE
                          as in et forward add -L 8003:db:5432; ends when it
                          listens, and prints where
  et forward rm [--session NAME] FLAG PLACE
                          as in et forward rm -L 8003; open connections go on
NAME is the host as typed, a process id, or the beginning of a session id. In a
terminal ~C takes the same flags, -KL 8003 to cancel one, and help.
`;

const SERVICES = `Forwards that run for months, by systemd, or launchd on macOS:
  et service install [--replace] NAME -- OPTIONS [user@]host
                          runs et -N OPTIONS host now and from each login on,
                          and again whenever it ends
  et service ls [--json]
  et service rm NAME
`;

const MEASURING = `To measure the session to a host (one called bench is et -- bench):
  et bench [--json] [--seconds N] [options] [user@]host
                          latency, alone and under load, and throughput each
                          way; N seconds for each of four parts (default: 3)
`;

const EXIT = `Exit status: the command's own; 128 + n when signal n ended it; 255 when et
itself failed; 2 when it was called wrongly.
`;

/** What `et --help` prints. */
export function clientHelp(): string {
  return [
    USAGE,
    formatFlags(CLIENT_FLAGS),
    LEAVING,
    RUNNING,
    SERVICES,
    MEASURING,
    formatExamples(CLIENT_EXAMPLES),
    EXIT,
  ].join('\n');
}
