const express = require('express')
const pg = require('pg')

/** The app's own data, in the app's own table, by the id of its user. */
exports.makeNotes = async function makeNotes(databaseUrl, userLoader) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  await pool.query('create table if not exists public.note (id serial primary key, user_id text not null, body text not null)')

  const router = express.Router()
  router.use(userLoader, (req, res, next) => (req.userId ? next() : res.status(401).json({ message: 'Please sign in' })))
  router.get('/', async (req, res) => {
    const { rows } = await pool.query('select body from public.note where user_id = $1 order by id', [req.userId])
    res.json(rows.map(({ body }) => body))
  })
  router.post('/', async (req, res) => {
    await pool.query('insert into public.note (user_id, body) values ($1, $2)', [req.userId, String(req.body.body)])
    res.status(201).end()
  })
  return { router, close: () => pool.end() }
}
