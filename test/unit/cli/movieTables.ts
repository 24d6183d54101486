import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Random } from '../../../src-main/dataset'

const genres = ['Action', 'Comedy', 'Drama', 'Horror', 'Romance', 'Sci-Fi']

/**
 * Writes tables in the shape of MovieLens: ratings.csv, users.csv and items.csv, with text ids, zip codes with leading
 * zeros, titles with commas, genres `a|b|c` and times in seconds. What a person likes depends on the person, the movie
 * and its genres, so that there is something to learn.
 */
export async function writeMovieTables(folder: string, rows = 12_000): Promise<void> {
  const random = new Random(7, 'movies')
  const users = Array.from({ length: 200 }, (_, i) => {
    const age = random.uniform() < 0.1 ? '' : String(16 + random.below(50))
    const zip = String(random.below(100_000)).padStart(5, '0')
    return {
      id: `u${String(i).padStart(4, '0')}`,
      text: `${age},${random.below(2) ? 'M' : 'F'},${zip}`,
      bias: random.normal(),
    }
  })
  const items = Array.from({ length: 120 }, (_, i) => {
    const own = genres.filter(() => random.uniform() < 0.35)
    const [first = 'Drama'] = own
    const list = own.length > 0 ? own : [first]
    const quality = random.normal() + (list.includes('Comedy') ? 1 : 0) - (list.includes('Horror') ? 1 : 0)
    return {
      id: `m${i}`,
      text: `"The Story of ${i}, Part ${1 + (i % 3)} (19${10 + (i % 90)})",${list.join('|')}`,
      quality,
    }
  })
  const ratings = Array.from({ length: rows }, (_, i) => {
    const user = users[random.below(users.length)]
    const item = items[random.below(items.length)]
    const score = 3 + 0.6 * (user?.bias ?? 0) + 0.8 * (item?.quality ?? 0) + 0.5 * random.normal()
    return `${user?.id},${item?.id},${Math.min(5, Math.max(1, Math.round(score)))},${880_000_000 + i * 60}`
  })
  const table = (header: string, lines: readonly string[]): string => `${header}\n${lines.join('\n')}\n`
  await writeFile(join(folder, 'ratings.csv'), table('user_id,item_id,rating,timestamp', ratings))
  await writeFile(
    join(folder, 'users.csv'),
    table(
      'user_id,age,gender,zip_code',
      users.map(({ id, text }) => `${id},${text}`),
    ),
  )
  await writeFile(
    join(folder, 'items.csv'),
    table(
      'item_id,title,genres',
      items.map(({ id, text }) => `${id},${text}`),
    ),
  )
}
