// Nest with our module. In plain JavaScript, so that it runs without a build: decorators are called as the functions they are.
// Start a server with `npx nacos-serving dev`, then this with `npm start`. docs/frameworks/nest.md has it in TypeScript.
import 'reflect-metadata';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NacosServing, NacosServingModule } from 'nacos-serving/nest';

class HelloController {
  hello() {
    return { from: 'nest' };
  }
}
Controller()(HelloController);
const { prototype } = HelloController;
Get('hello')(prototype, 'hello', Object.getOwnPropertyDescriptor(prototype, 'hello'));

class AppModule {}
Module({
  imports: [NacosServingModule.forRoot({ service: { name: 'orders' } })],
  controllers: [HelloController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
console.log(`listening on ${app.getHttpServer().address().port}`);

const { ip, port } = await app.get(NacosServing).registered();
console.log(`registered as orders at ${ip}:${port}`);
