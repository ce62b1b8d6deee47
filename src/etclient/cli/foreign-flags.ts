/**
 * Flags of ssh and of Eternal Terminal that `et` does not have: what they mean there, and what to do here. Whoever comes from one
 * of the two may expect either.
 */
const FOREIGN: Readonly<Record<string, string>> = {
  '-B': 'binds to an interface in ssh: write -o BindInterface=NAME',
  '-b': 'binds to an address in ssh: write -o BindAddress=ADDRESS; the address of the session server is --bind',
  '-E': 'is the log file in ssh: write --log FILE',
  '-I': 'is the PKCS#11 library in ssh: write -o PKCS11Provider=FILE',
  '-K': 'turns GSSAPI on in ssh: write -o GSSAPIAuthentication=yes',
  '-M': 'makes ssh a master: write -o ControlMaster=yes',
  '-m': 'chooses MACs in ssh: write -o MACs=LIST',
  '-O': 'speaks to a master of ssh: use ssh -O',
  '-P': 'is a tag in ssh: write -o Tag=NAME; the port of sshd is -p',
  '-Q': 'asks ssh what it supports: use ssh -Q',
  '-S': 'is the control socket in ssh: write -o ControlPath=PATH',
  '-w': 'forwards a tunnel device in ssh: use ssh -w',
  '-X': 'forwards X11 in ssh; et does not: use ssh -X',
  '-Y': 'forwards X11 in ssh; et does not: use ssh -Y',
  '-y': 'writes to the system log in ssh: write --log FILE',
  '--host': 'is the host in Eternal Terminal: write it without a flag, after the options',
  '--logtostdout': 'shows the log in Eternal Terminal: write -v, which shows it on standard error',
  '--macserver': 'finds the server on macOS in Eternal Terminal: write --server-path PATH',
  '--serverfifo': "chooses Eternal Terminal's daemon; et has none: leave it out",
  '--silent': 'turns the log off in Eternal Terminal; it is off here without -v: leave it out',
  '--telemetry': 'reports to the makers in Eternal Terminal; et reports nothing: leave it out',
  '--verbose': 'is a number in Eternal Terminal: write -v, -vv or -vvv',
};

/** What to say about `flag`, as typed, if it is one of another program. */
export function foreignFlag(flag: string): string | undefined {
  const name = flag.startsWith('--') ? flag.replace(/=.*$/su, '') : flag.slice(0, 2);
  const meaning = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined;
  return meaning === undefined ? undefined : `${name} ${meaning}`;
}
