import ssh2 from 'ssh2';

type KeyMaker = typeof ssh2.utils.generateKeyPairSync;

/** A pair of keys of ssh2's making. One in some hundred of those is malformed, for ssh-keygen too: another is made in its place. */
export const makeSsh2Keys: KeyMaker = (...parameters: Parameters<KeyMaker>) => {
  const [, options] = parameters;
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync(...parameters);
    const isGood = !(ssh2.utils.parseKey(pair.private, passphraseOf(options)) instanceof Error);
    if (isGood) return pair;
  }
};

function passphraseOf(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || !('passphrase' in options)) return;
  return String(options.passphrase);
}
