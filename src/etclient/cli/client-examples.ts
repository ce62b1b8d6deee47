import type { Example } from '../../base/flag.ts';

export const CLIENT_EXAMPLES: readonly Example[] = [
  { command: 'et me@example.org', text: 'a shell that survives the network' },
  {
    command: 'et -p 2222 -J gate example.org:7000',
    text: 'sshd on port 2222 behind a jump host; the session server on port 7000',
  },
  {
    command: 'tar c . | et example.org "tar x -C /tmp"',
    text: 'a command, byte for byte, with its own exit status',
  },
  {
    command: 'et -c "tmux new -A -s main" example.org',
    text: 'a command on a terminal, in place of the shell',
  },
  {
    command: 'et -N -L 5432:db:5432 -D 1080 example.org',
    text: 'only forwards: a database, and a SOCKS proxy',
  },
  {
    command: 'et --ssh "gcloud compute ssh --zone z" vm-1',
    text: 'wherever some command runs another',
  },
  {
    command: 'et --name work example.org',
    text: 'the shell called work: begun the first time, come back to afterwards',
  },
  { command: 'et --local', text: 'a resumable shell on this machine' },
];
