// A server that ignores PORT: it listens where OPENS says, on several ports if there are several.
import { createServer } from 'node:http';

for (const port of process.env.OPENS.split(' ')) {
  createServer((_request, response) => response.end(`stubborn ${port}, PORT was ${process.env.PORT}`)).listen(
    Number(port),
    '127.0.0.1',
    () => console.log('it listens'),
  );
}
