import { describe, expect, it } from 'vitest';

import { RegistrationError } from '../../../../src/errors.js';
import { decideName, type NameInput } from '../../../../src/registration/identity/name.js';

/** A file system of a few files; `links` are followed by `real`. */
function files(
  texts: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
): NonNullable<NameInput['files']> {
  return { read: (file) => texts[file], real: (file) => links[file] ?? file };
}

const named = (name: string): string => JSON.stringify({ name });

describe('the name of the service', () => {
  it.each<[string, NameInput, string, string]>([
    [
      'is the one given, whatever package.json says',
      {
        explicit: 'orders',
        script: '/srv/app/a.js',
        folder: '/srv/app',
        files: files({ '/srv/app/package.json': named('other') }),
      },
      'orders',
      'as given (service.name)',
    ],
    [
      'is that of the nearest package.json, without its scope',
      {
        script: '/srv/app/dist/main.js',
        folder: '/',
        files: files({ '/srv/app/package.json': named('@shop/orders') }),
      },
      'orders',
      'from /srv/app/package.json',
    ],
    [
      'passes over a package.json which only sets the type of modules',
      {
        script: '/srv/app/dist/main.js',
        folder: '/srv/app',
        files: files({
          '/srv/app/dist/package.json': '{"type":"module"}',
          '/srv/app/package.json': named('orders'),
        }),
      },
      'orders',
      'from /srv/app/package.json',
    ],
    [
      'passes over a package.json that cannot be parsed',
      {
        script: '/srv/app/main.js',
        folder: '/srv/app',
        files: files({ '/srv/app/package.json': '{', '/srv/package.json': named('shop') }),
      },
      'shop',
      'from /srv/package.json',
    ],
    [
      'is that of the folder which was started as `node .`',
      {
        script: '/srv/app',
        folder: '/srv/app',
        files: files({ '/srv/app/package.json': named('orders') }),
      },
      'orders',
      'from /srv/app/package.json',
    ],
    [
      'is that of the app, not of the tool in node_modules that starts it',
      {
        script: '/srv/app/node_modules/.bin/next',
        folder: '/srv/app',
        files: files({
          '/srv/app/package.json': named('shop-web'),
          '/srv/app/node_modules/next/package.json': named('next'),
        }),
      },
      'shop-web',
      'from /srv/app/package.json',
    ],
    [
      'sees through the link of a tool that is installed globally',
      {
        script: '/usr/bin/serve',
        folder: '/srv/app',
        files: files(
          {
            '/srv/app/package.json': named('shop-web'),
            '/usr/lib/node_modules/serve/package.json': named('serve'),
          },
          { '/usr/bin/serve': '/usr/lib/node_modules/serve/main.js' },
        ),
      },
      'shop-web',
      'from /srv/app/package.json',
    ],
    [
      'comes from the working directory for code without a script',
      { folder: '/srv/app', files: files({ '/srv/app/package.json': named('orders') }) },
      'orders',
      'from /srv/app/package.json',
    ],
    [
      'is the working directory where no package.json has a name',
      { script: '/srv/orders/src/main.js', folder: '/srv/orders', files: files({}) },
      'orders',
      'from the folder /srv/orders',
    ],
    [
      'is the folder of a script which lies elsewhere',
      { script: '/srv/orders/main.js', folder: '/home/me', files: files({}) },
      'orders',
      'from the folder /srv/orders',
    ],
    [
      'is the working directory for a script in the root folder',
      { script: '/main.js', folder: '/home/me', files: files({}) },
      'me',
      'from the folder /home/me',
    ],
  ])('%s', (_, input, name, because) => {
    expect(decideName(input)).toEqual({ name, because });
  });

  it.each<[string, NameInput, RegExp]>([
    [
      'that the registry would refuse is an error, not another name',
      { script: '/srv/my orders/main.js', folder: '/srv/my orders', files: files({}) },
      /name "my orders" from the folder \/srv\/my orders is not valid.*white space.*--service-name/,
    ],
    [
      'given in Chinese is an error',
      { explicit: '订单', folder: '/srv', files: files({}) },
      /name "订单" as given/,
    ],
    [
      'that looks like a group and a name is an error',
      { explicit: 'GROUP@@orders', folder: '/srv', files: files({}) },
      /is not valid/,
    ],
    [
      'that cannot be found is an error with the remedy',
      { script: '/main.js', folder: '/', files: files({}) },
      /no package.json with a name.*service\.name, NACOS_SERVICE_NAME/,
    ],
  ])('%s', (_, input, message) => {
    expect(() => decideName(input)).toThrow(RegistrationError);
    expect(() => decideName(input)).toThrow(message);
  });

  it('is read from the disk: this package for a script of it', () => {
    expect(decideName({ script: import.meta.filename, folder: '/' }).name).toBe('nacos-serving');
  });
});
