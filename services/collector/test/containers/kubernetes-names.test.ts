import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameByConfig, namesByLogLinks, parseConfig, parseLogLink } from '../../src/containers/kubernetes-names.ts'
import { fixturePath } from '../fixture.ts'

const root = fixturePath('cgroup-v2/root')
const id = (digit: string): string => digit.repeat(64)

test("a kubelet's link to a log tells pod, namespace, container and how often it was started again (hand-written)", async () => {
  const names = await namesByLogLinks(`${root}/var/log/containers`, new Set([id('b')]))
  expect([...names.values()]).toEqual([
    { id: id('b'), runtime: 'containerd', name: 'api', image: '', namespace: 'shop', pod: 'api-7d9f-x2x', restarts: 2 },
  ])
  expect(await namesByLogLinks(`${root}/no/such/folder`, new Set([id('b')]))).toEqual(new Map())
})

test('the file that containerd or CRI-O wrote tells the image too, and which container only holds a pod (hand-written)', async () => {
  expect(await nameByConfig(root, id('b'))).toMatchObject({ name: 'api', pod: 'api-7d9f-x2x', image: 'example.org/shop/api:1.4' })
  expect(await nameByConfig(root, id('c'))).toBe('sandbox')
  expect(await nameByConfig(root, id('e'))).toMatchObject({ runtime: 'cri-o', name: 'coredns', namespace: 'kube-system', restarts: 3 })
  expect(await nameByConfig(root, id('9'))).toBeUndefined()
})

test('no name of a file and no content of one breaks it', () => {
  fc.assert(fc.property(fc.string(), (name) => parseLogLink(name) === undefined))
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseConfig(text, 'x') === undefined))
})
