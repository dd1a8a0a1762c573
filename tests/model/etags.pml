/* Writers by etag beside the overlay: one record, conversions that hold intents on it, and users who read and write it.
 *
 * The record has a version, which is its etag, and a content: a set of marks, one for each write and each fill. Two
 * conversions q0 and q1 come to it. An ATTACH fills nothing and is shared; a FILL stands for every intent that changes the
 * content when it is committed (fill, lock, revert) and is alone on the record. The row of a conversion is decided by
 * others; it may begin attempts anew before that.
 *
 * A read is two steps, the record with its intents at one moment, and the decision at a later one, at any replica. A
 * write is one transaction: by the etag that its user was shown (the whole record, as that user saw it, with a mark
 * more), or without one (a mark more on what is stored). It resolves what changes the content first.
 *
 * The protocol: what is committed and changes nothing takes no version before it is made final, so its readers are shown
 * the stored record; what changes the content is shown as one version more, and is final before anybody writes.
 *   -DKIND0= -DKIND1=ATTACH|FILL  what q0 and q1 do   -DU=n writes of each of the two users   -DR=n reads of a reader
 *   -DONLYLOST  do not look at etags, only at what becomes of acknowledged writes
 */
#include "states.pml"
#define ATTACH 0
#define FILL 1
#ifndef KIND0
#define KIND0 ATTACH
#endif
#ifndef KIND1
#define KIND1 FILL
#endif
#ifndef U
#define U 1
#endif
#ifndef R
#define R 1
#endif
#define NQ 2
#define A 2
#define KIND(q) ((q) == 0 -> KIND0 : KIND1)

byte rst[NQ] = PREPARING, ratt[NQ];
#define DECIDED(q) (rst[q] >= COMMITTED)

#define INTENT 1
#define VOID 2
#define FINAL 3
byte cell[NQ*A];
#define C(q,a) cell[(q)*A+(a)]
#define HELD(q) (C(q,0) == INTENT || C(q,1) == INTENT)

#ifdef F_DECQ             /* a decision is taken for all attempts */
#define YES(q,a) (rst[q] == COMMITTED)
#define NO(q,a)  (rst[q] == ABORTED)
#else
#define YES(q,a) (rst[q] == COMMITTED && ratt[q] == (a))
#define NO(q,a)  (rst[q] == ABORTED || ratt[q] > (a))
#endif

byte version = 1, content;
#define FILLED(q) (1 << (q))
#define MARK(u,n) (1 << (2 + (u)*U + (n)))
byte acknowledged;        /* the marks of writes whose users have been told so */
byte finals;              /* intents that were made final */
byte writes;

/* ---- what has been shown: 1 + the content that an etag was seen to name ---- */
byte shown[16], highest;
#ifdef ONLYLOST
#define NAMES(v,c) true
#else
#define NAMES(v,c) (shown[v] == 0 || shown[v] == (c) + 1)
#endif
inline present(v, c, least) {
  assert(NAMES(v, c));                   /* one etag names one content for ever */
  shown[v] = (c) + 1;
#ifndef ONLYLOST
  assert((v) >= (least));                /* nobody sees an earlier version than was seen before */
#endif
  if :: (v) > highest -> highest = v :: else fi
}

/* ---- the service ---- */
/* what keeps the intent (q,a) off the record: an exclusive one, or being exclusive itself any */
#define BLOCKED(q) (HELD(1-(q)) && (KIND(q) == FILL || KIND(1-(q)) == FILL))
inline finalise(q, a) {
  C(q,a) = FINAL; finals++;
  if :: KIND(q) == FILL -> content = content | FILLED(q) :: else fi;
#ifdef F_SAMEVERSION      /* made final without a new version */
  if :: KIND(q) == ATTACH -> version++ :: else fi
#else
  version++
#endif
}
#define PARTICIPANT(q,a) \
 :: atomic { !DECIDED(q) && ratt[q] >= (a) && C(q,a) == 0 && ((a) == 1 || C(q,1) == 0) && !BLOCKED(q) -> \
      C(q,a) = INTENT; if :: (a) == 1 && C(q,0) < VOID -> C(q,0) = VOID :: else fi } \
 :: atomic { C(q,a) == INTENT && YES(q,a) -> finalise(q,a) } \
 :: atomic { C(q,a) == INTENT && (NO(q,a) || ratt[q] > (a)) -> C(q,a) = VOID }     /* asked, or released */
active proctype Service() {
end: do PARTICIPANT(0,0) PARTICIPANT(0,1) PARTICIPANT(1,0) PARTICIPANT(1,1) od
}

/* the others have prepared, or one of them refuses, or another attempt has to be made */
#define ROW(q) \
 :: atomic { !DECIDED(q) && C(q,ratt[q]) == INTENT -> rst[q] = COMMITTED } \
 :: atomic { !DECIDED(q) -> rst[q] = ABORTED } \
 :: atomic { !DECIDED(q) && ratt[q] < A-1 -> ratt[q]++ }
active proctype Orchestrator() {
end: do ROW(0) ROW(1) od
}

/* ---- readers and writers ---- */
/* a read's first step: the record, the one intent that would change it, and what has been shown before */
inline read(v, c, i, least) {
  v = version; c = content; least = highest; i = 0;
  if
  :: KIND0 == FILL && HELD(0) -> i = 1 + (C(0,1) == INTENT)
  :: KIND1 == FILL && HELD(1) -> i = 3 + (C(1,1) == INTENT)
  :: else
  fi
#ifdef F_OVERLAYVERSION   /* an attach that is committed is shown as one version more, which a write does not look at */
  ; i = i + 8*(KIND0 == ATTACH && C(0,ratt[0]) == INTENT) + 16*(KIND1 == ATTACH && C(1,ratt[1]) == INTENT)
#endif
}
/* its second step: the decision about that intent */
#define IQ(i) ((((i) & 7) - 1) / A)
#define IA(i) ((((i) & 7) - 1) % A)
inline overlay(v, c, i, least) {
  if
  :: (i & 7) && YES(IQ(i), IA(i)) -> c = c | FILLED(IQ(i)); v++
  :: else
  fi;
#ifdef F_OVERLAYVERSION
  v = v + ((i & 8) && rst[0] == COMMITTED) + ((i & 16) && rst[1] == COMMITTED);
#endif
  i = 0;
  present(v, c, least);
  least = 0
}
#ifdef F_WRITEPASSES      /* a write looks at intents as little as if they were attaches */
#define WRITABLE true
#else
#define WRITABLE !((KIND0 == FILL && HELD(0)) || (KIND1 == FILL && HELD(1)))
#endif
inline written(c, mark) {
  version++; writes++; content = (c) | (mark);
  acknowledged = acknowledged | (mark);
  present(version, content, 0);
  assert((content & acknowledged) == acknowledged)     /* no acknowledged write is lost */
}

proctype User(byte u) {
  byte v, c, i, least, n;
end: do
  :: n < U && v == 0 ->
     atomic { read(v, c, i, least) };
     atomic { overlay(v, c, i, least) }
  /* with the etag; where it is not the record's, the user reads again */
  :: atomic { n < U && v != 0 && WRITABLE ->
       if :: v == version -> written(c, MARK(u,n)); n++ :: else fi;
       v = 0; c = 0 }
  /* without */
  :: atomic { n < U && v != 0 && WRITABLE -> written(content, MARK(u,n)); n++; v = 0; c = 0 }
  od
}

proctype Reader() {
  byte v, c, i, least, n;
end: do
  :: n < R ->
     atomic { read(v, c, i, least); n++ };
     atomic { overlay(v, c, i, least); v = 0; c = 0 }
  od
}
init { atomic { run User(0); run User(1); run Reader() } }

active proctype Monitor() {
end: do
  :: atomic { timeout -> assert(DECIDED(0) && DECIDED(1) && !HELD(0) && !HELD(1));
       assert((content & acknowledged) == acknowledged);
       assert(version == 1 + writes + finals); break }     /* each took one version */
  od
}
