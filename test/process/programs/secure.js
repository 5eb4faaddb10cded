// A server that speaks TLS alone, with the key and the certificate in the file PEM.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const pem = readFileSync(process.env.PEM);
const server = createServer({ key: pem, cert: pem }, (_, response) => response.end('secure'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
