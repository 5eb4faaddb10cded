import { describe, expect, it } from 'vitest';

import { looksLikeSecret } from '../../../src/check/secret.ts';

describe('what looks like a secret', () => {
  it.each([
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzRANDOM9KEY'],
    ['AWS_SECRET_ACCESS_KEY', '/Jalr7UtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE1'],
    ['AWS_SECRET_ACCESS_KEY', 'abcdefghij/klmnop1qrs/tuvw2xyzab/cdefghi'],
    ['HEROKU_API_KEY', '6f1c2a9e-4b7d-4e1f-9a3b-2c5d8e7f0a1b'],
    ['DB_PASSWORD', 'x7!kQ2@pL9#vT4$w'],
    ['SESSION_SECRET', 'k3J9xQ27bLw0ZpVr'],
    ['BLOB', '8fK2nQ7xLp0Zs4Vt9Rb3Yw6Hd1Gm5Jc'],
    ['ANY', 'ghp_0123456789abcdefghijABCDEFGHIJ012345'],
  ])('%s: %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBeDefined();
  });

  it.each([
    ['SECRET_NAME', 'projects/shop/secrets/session-2'],
    ['SECRET', 'projects/shop/v2/secrets/session'],
    ['PRIVATE_KEY_PATH', './certs/k3J9xQ27bLw0ZpVr.pem'],
    ['TOKEN_URL', 'https://login.example.com/oauth2/v2.0/token?tenant=0a1b2c3d4e5f'],
    ['API_KEY', '${API_KEY:-k3J9xQ27bLw0ZpVr}'],
    ['PASSWORD', 'postgres1'],
    ['CLIENT_ID', '6f1c2a9e-4b7d-4e1f-9a3b-2c5d8e7f0a1b'],
    ['IMAGE', 'registry.example.com/team/service-name.v2'],
    ['NODE_PATH', '/usr/local/lib/node_modules:/opt/app-2/node_modules'],
  ])('but not %s: %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBeUndefined();
  });
});
