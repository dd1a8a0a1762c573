/* Ids without a row: when "there is no such qualification" may be believed, and what is noticed if it was wrong.
 *
 * One qualification, two participants k, attempts a. The rows lie in a database that fails over once, to a server that has
 * all that was ever acknowledged; the former one is not fenced, goes on to answer reads from what it had, and can
 * commit nothing any more (its writes wait for a copy that never confirms). Besides that, with RESTORE, the
 * orchestrator's database is put back, once, to a moment before.
 *
 * The protocol: whoever asks about an id without a row is answered ABORTED only when a tombstone in the place of the row is
 * durable. A participant that meets a word of the orchestrator which contradicts what it has done (void here and
 * COMMITTED there, final here and anything else there) notices it, changes nothing, and does not acknowledge. An
 * acknowledgement names the outcome and the attempt that were carried out.
 *
 * With PRUNE a row that is over is deleted, in the transaction that raises the watermark past its id: it is *forgotten*. So
 * it seems after a restore, when the watermark passes an id whose row is lost. Forgotten is not aborted: whoever holds an
 * intent of it notices, and keeps it.
 *   -DW=n losses of the broker   -DRESTORE   -DPRUNE
 */
#include "states.pml"
#ifndef W
#define W 0
#endif
#define K 2
#define A 2
#define ALL 3

/* ---- the row, durable; what the former server still has of it; what was put aside to be restored ---- */
byte rst, ratt, rgot, racks;
bit tombstone, begun, forgotten;
byte former, fst, fatt;
byte saved, sst, satt, sgot, sacks; bit stomb, sforgot, restored;
#define DECIDED (rst >= COMMITTED)
#define OVER (DECIDED && (tombstone || racks == ALL))

/* ---- messages: masks of k, by attempt where they have one ---- */
byte mPREP[A], mPRPD[A], mBUSY[A], mREL[A];
byte mCMT[A], mABT;
byte mACKC[A], mACKA;     /* carried out: a commit of that attempt; an abort */
byte wipes;

/* ---- participants ---- */
#define INTENT 1
#define VOID 2
#define FINAL 3
byte cell[K*A];
#define C(k,a) cell[(k)*A+(a)]
#define IS(k,x) (C(k,0) == x || C(k,1) == x)
#define BIT(k) (1 << (k))
#define HAS(m,k) ((m) & BIT(k))
bit noticed;              /* a contradiction was met: counted, logged, shown */

active proctype Orchestrator() {
end: do
  :: atomic { !begun -> begun = 1; if :: rst == NONE -> rst = PREPARING; mPREP[0] = ALL :: else fi }
  :: atomic { rst == PREPARING && mPREP[ratt] != ALL -> mPREP[ratt] = ALL }
  :: atomic { rst == PREPARING && (mPRPD[ratt] & ~rgot) -> rgot = rgot | mPRPD[ratt];
       if :: rgot == ALL -> rst = COMMITTED; mCMT[ratt] = ALL :: else fi }
  /* wait-die; the older one is decided at once */
  :: atomic { rst == PREPARING && ratt < A-1 && (mBUSY[ratt] & ~rgot) ->
       mREL[ratt] = ALL; ratt++; rgot = 0; mPREP[ratt] = ALL }
  /* refused; or canceled, which ends in the end what a restore has left hanging */
  :: atomic { rst == PREPARING -> rst = ABORTED; mABT = ALL }
  /* sent again until all have acknowledged */
  :: atomic { rst == COMMITTED && (mCMT[ratt] | racks) != ALL -> mCMT[ratt] = ALL & ~racks }
  :: atomic { rst == ABORTED && !tombstone && (mABT | racks) != ALL -> mABT = ALL & ~racks }
#ifdef F_ACKNAMELESS      /* "what was decided is carried out", whatever that was */
  :: atomic { DECIDED && !tombstone && ((mACKC[0] | mACKC[1] | mACKA) & ~racks) -> racks = racks | mACKC[0] | mACKC[1] | mACKA }
#else
  :: atomic { rst == COMMITTED && (mACKC[ratt] & ~racks) -> racks = racks | mACKC[ratt] }
  :: atomic { rst == ABORTED && !tombstone && (mACKA & ~racks) -> racks = racks | mACKA }
  :: atomic { ((rst == COMMITTED && (mACKA || mACKC[1-ratt])) || (rst == ABORTED && (mACKC[0] || mACKC[1]))) && !noticed -> noticed = 1 }
#endif
  od
}

/* ---- what a participant makes of a word of the orchestrator ---- */
#ifdef F_ABSORBED         /* whoever has nothing left to do acknowledges, whatever was decided */
#define CONTRADICTION(k, what) what = what | BIT(k)
#else
#define CONTRADICTION(k, what) noticed = 1
#endif
inline committed(k, a) {
  if
  :: C(k,a) == INTENT || C(k,a) == FINAL -> C(k,a) = FINAL; mACKC[a] = mACKC[a] | BIT(k)
  :: else -> CONTRADICTION(k, mACKC[a])
  fi
}
inline aborted(k) {
  if
  :: !IS(k,FINAL) -> C(k,0) = VOID; C(k,1) = VOID; mACKA = mACKA | BIT(k)
  :: else -> CONTRADICTION(k, mACKA)
  fi
}
inline superseded(k, a) {          /* attempts up to a are void */
  if
  :: !IS(k,FINAL) -> C(k,0) = VOID; if :: (a) == 1 -> C(k,1) = VOID :: else fi
  :: else -> noticed = 1
  fi
}
#define AGREES_C(k,a) (C(k,a) == FINAL && HAS(mACKC[a],k))
#define AGREES_A(k) (C(k,0) == VOID && C(k,1) == VOID && HAS(mACKA,k))
#ifdef F_ABSORBED
#define MET(k, what) HAS(what, k)
#else
#define MET(k, what) noticed
#endif
#define USELESS_C(k,a) (AGREES_C(k,a) || ((C(k,a) == VOID || C(k,a) == 0) && MET(k, mACKC[a])))
#define USELESS_A(k) (AGREES_A(k) || (IS(k,FINAL) && MET(k, mACKA)))

/* asked of the server that has everything, or of the former one by those that have not heard of the failover */
#define ASKS(k,a) (C(k,a) == INTENT)
#define ASK(k,a) \
 :: atomic { ASKS(k,a) && rst == COMMITTED && ratt == (a) -> committed(k,a) } \
 :: atomic { ASKS(k,a) && rst == COMMITTED && ratt != (a) -> superseded(k,a) } \
 :: atomic { ASKS(k,a) && rst == ABORTED -> aborted(k) } \
 :: atomic { ASKS(k,a) && rst == PREPARING && ratt > (a) -> superseded(k,a) } \
 :: atomic { ASKS(k,a) && rst == NONE && !forgotten -> rst = ABORTED; tombstone = 1; noticed = 1; aborted(k) } \
 ASK_FORGOTTEN(k,a) \
 ASK_FORMER(k,a)
#ifdef F_FORGOTTENABORTED /* what is forgotten is taken for what never began */
#define ASK_FORGOTTEN(k,a) :: atomic { ASKS(k,a) && rst == NONE && forgotten -> aborted(k) }
#else
#define ASK_FORGOTTEN(k,a) :: atomic { ASKS(k,a) && rst == NONE && forgotten && !noticed -> noticed = 1 }
#endif
#ifdef F_READABSENCE      /* a read that finds no row is believed */
#define ASK_FORMER(k,a) :: atomic { ASKS(k,a) && former && fst == NONE -> aborted(k) } ASK_FORMER_ROW(k,a)
#else
#define ASK_FORMER(k,a) ASK_FORMER_ROW(k,a)
#endif
#define ASK_FORMER_ROW(k,a) \
 :: atomic { ASKS(k,a) && former && fst == COMMITTED && fatt == (a) -> committed(k,a) } \
 :: atomic { ASKS(k,a) && former && fst == ABORTED -> aborted(k) } \
 :: atomic { ASKS(k,a) && former && fst == PREPARING && fatt > (a) -> superseded(k,a) }

#define ATTEMPT(k,a) \
 /* held or final: the same answer again; released, or below the highest: nothing */ \
 :: atomic { HAS(mPREP[a],k) && !HAS(mPRPD[a],k) && (C(k,a) == INTENT || C(k,a) == FINAL) -> mPRPD[a] = mPRPD[a] | BIT(k) } \
 :: atomic { HAS(mPREP[a],k) && C(k,a) == 0 && ((a) == 1 || C(k,1) == 0) && !IS(k,FINAL) -> \
      if :: (a) == 1 -> C(k,0) = VOID :: else fi; C(k,a) = INTENT; mPRPD[a] = mPRPD[a] | BIT(k) } \
 :: atomic { HAS(mPREP[a],k) && C(k,a) == 0 && ((a) == 1 || C(k,1) == 0) && !IS(k,FINAL) && !HAS(mBUSY[a],k) -> \
      if :: (a) == 1 -> C(k,0) = VOID :: else fi; mBUSY[a] = mBUSY[a] | BIT(k) } \
 :: atomic { HAS(mREL[a],k) && ((!IS(k,FINAL) && (C(k,0) != VOID || ((a) == 1 && C(k,1) != VOID))) || \
             (C(k,a) == FINAL && !noticed)) -> superseded(k,a) } \
 :: atomic { HAS(mCMT[a],k) && !USELESS_C(k,a) -> committed(k,a) } \
 ASK(k,a)
#define PARTICIPANT(k) \
 ATTEMPT(k,0) ATTEMPT(k,1) \
 :: atomic { HAS(mABT,k) && !USELESS_A(k) -> aborted(k) }
active [K] proctype Participant() {
  byte me = _pid - 1;
end: do PARTICIPANT(me) od
}

active proctype Environment() {
end: do
  :: atomic { !former -> former = 1; fst = rst; fatt = ratt }
  :: atomic { wipes < W -> wipes++; mPREP[0] = 0; mPREP[1] = 0; mPRPD[0] = 0; mPRPD[1] = 0; mBUSY[0] = 0; mBUSY[1] = 0;
       mREL[0] = 0; mREL[1] = 0; mCMT[0] = 0; mCMT[1] = 0; mABT = 0; mACKC[0] = 0; mACKC[1] = 0; mACKA = 0 }
#ifdef RESTORE
  :: atomic { !saved -> saved = 1; sst = rst; satt = ratt; sgot = rgot; sacks = racks; stomb = tombstone; sforgot = forgotten }
  :: atomic { saved && !restored && begun -> restored = 1;
       rst = sst; ratt = satt; rgot = sgot; racks = sacks; tombstone = stomb; forgotten = sforgot }
#endif
#ifdef PRUNE
  :: atomic { OVER -> forgotten = 1; rst = NONE; ratt = 0; rgot = 0; racks = 0; tombstone = 0 }
  :: atomic { restored && rst == NONE && !forgotten -> forgotten = 1 }
#endif
  od
}

/* ---- what must hold ---- */
#define LOST(k) (rst == COMMITTED && C(k,ratt) != INTENT && C(k,ratt) != FINAL)
#define STRAY(k) (IS(k,FINAL) && !(rst == COMMITTED && C(k,ratt) == FINAL))
/* nobody holds an intent any more, and both have the same */
#define AGREED (!IS(0,INTENT) && !IS(1,INTENT) && IS(0,FINAL) == IS(1,FINAL))
/* T1 what is committed is held by all, and nothing is final that is not committed; a restore may break that */
#define WHOLE (restored || (forgotten -> AGREED : !(LOST(0) || LOST(1) || STRAY(0) || STRAY(1))))
/* T2 no contradiction is acknowledged: who is counted agrees with the row */
#define AGREES(k) (!HAS(racks,k) || !DECIDED || tombstone || \
                   (rst == COMMITTED -> C(k,ratt) == FINAL : !IS(k,FINAL) && !IS(k,INTENT)))
active proctype Monitor() {
end: do
  :: atomic { !WHOLE -> assert(WHOLE) }
  :: atomic { !(AGREES(0) && AGREES(1)) -> assert(AGREES(0) && AGREES(1)) }
  /* T3 what a restore has left behind was noticed, or came to the same end; nothing hangs without a word */
  :: atomic { timeout -> assert(noticed || (AGREED && ((OVER && !LOST(0) && !LOST(1) && !STRAY(0) && !STRAY(1)) ||
                                                       (rst == NONE && (restored || forgotten))))); break }
  od
}
