import { EtError } from '../base/errors.ts';
import { type RecordCipher, recordCipher } from './record-cipher.ts';

const ONLY_CIPHER = 'chacha20-poly1305';

/** The cipher of that name. There is one and no menu: everything else, `plain` and `xor` too, is refused by name. */
export function cipherFor(name: string): RecordCipher {
  if (name === ONLY_CIPHER) return recordCipher;
  throw new EtError('ET_ERR_USAGE', `cipher ${JSON.stringify(name)} is refused`, {
    advice: `everything is sealed with ${ONLY_CIPHER}; leave the cipher out`,
  });
}
