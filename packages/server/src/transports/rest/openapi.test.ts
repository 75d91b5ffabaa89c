import { describe, expect, it } from 'vitest'
import { restWorld } from '../../testing/rest-world.ts'

type Operation = {
  operationId: string
  security: object[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, object>
}
type Place = Partial<Record<'get' | 'post', Operation>>
interface Description {
  openapi: string
  paths: Record<string, Place>
  components: { securitySchemes: { cookie: { name: string } } }
}
const METHODS = ['get', 'post'] as const

describe('/openapi.json', () => {
  it('describes every route there is: each operation answers, and none without its method', async () => {
    await using world = await restWorld()
    const { body } = await world.get<Description>('/openapi.json')
    expect(body.openapi).toMatch(/^3\.1\./)
    for (const [path, place] of Object.entries(body.paths)) {
      for (const method of METHODS) {
        const { status } = await world.send(method.toUpperCase(), path.replace('{service}', 'password'))
        expect([method, path, status === 405]).toEqual([method, path, !(method in place)])
        expect(status).not.toBe(404)
      }
    }
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/accounts/{service}/authenticate', '/accounts/user', '/accounts/sessions/end', '/healthz', '/readyz']),
    )
  })

  it('refers to nothing that is not there, and names each operation once', async () => {
    await using world = await restWorld()
    const { text, body } = await world.get<Description>('/openapi.json')
    for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = reference.split('/').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], body)
      expect([reference, typeof target]).toEqual([reference, 'object'])
    }
    const places = Object.values(body.paths)
    const operations = places.flatMap(place => METHODS.flatMap(method => place[method] ?? []))
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toContain('postAccountsServiceAuthenticate')
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^\w+$/)
  })

  it('says what a body must hold, from the schema that checks it', async () => {
    await using world = await restWorld()
    const { body } = await world.get<Description>('/openapi.json')
    const post = body.paths['/accounts/password/changePassword']?.post
    expect(post?.security).toEqual([{ bearer: [] }, { cookie: [] }])
    expect(post?.requestBody?.content['application/json']?.schema).toMatchObject({
      type: 'object',
      properties: { oldPassword: { $ref: '#/components/schemas/Password' } },
      required: ['oldPassword', 'newPassword'],
    })
  })

  it('names the cookie of this site', async () => {
    await using world = await restWorld({ options: { siteUrl: 'https://accounts.example.com' } })
    expect((await world.get<Description>('/openapi.json')).body.components.securitySchemes.cookie.name).toBe('__Host-latchkey')
  })
})
