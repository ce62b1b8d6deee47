import { expect, test } from 'vitest';
import { hideSecrets } from '../../src/base/hide-secrets.ts';

test.each([
  ['wss://me:s3cret@host/path', 'wss://me:***@host/path'],
  ['race(tcp, wss://me:s3cret@h, wss://you:other@h)', 'race(tcp, wss://me:***@h, wss://you:***@h)'],
  ['wss://host/path?token=s3cret&x=1', 'wss://host/path?token=***&x=1'],
  ['sshpass -p s3cret ssh', 'sshpass -p *** ssh'],
  ['sshpass -ps3cret ssh', 'sshpass -p*** ssh'],
  ["sshpass -v -p 's3 cret' ssh", 'sshpass -v -p *** ssh'],
  ['tool --password=s3cret %h', 'tool --password=*** %h'],
  ['env API_KEY=x PASSWD=s3cret tool', 'env API_KEY=*** PASSWD=*** tool'],
])('%s is shown as %s', (text, shown) => {
  expect(hideSecrets(text)).toBe(shown);
});

test.each([
  'tcp',
  '8080:db:5432',
  '[::1]:8080:[fe80::1]:80',
  'gcloud compute ssh --zone z',
  'ssh -p 2222',
  'wss://host:443/path',
  'ssh://me@host:22',
])('%s is shown as it is', (text) => {
  expect(hideSecrets(text)).toBe(text);
});
