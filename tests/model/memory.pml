/* Rows in memory: two replicas of the orchestrator that share one durable row, and what each of them remembers of it.
 *
 * One qualification of a lead, two children k besides. Replica 0 begins it. From the lead's lock on it goes on in memory (the
 * row is *unwritten*: PREPARING here, STARTED in the database), until the last answer lets it decide. Replies go to the
 * replica that has the partition; re-drives are made by the one that drives; both may change. A replica keeps in memory
 * replies from which nothing follows yet: a Prepared that leaves others missing, and every acknowledgement. They are
 * heard with the next reply, or flushed now and then. A crash, or a full cache, loses all of it at any moment.
 *
 * The protocol: every write is by compare-and-set on the row's version, an unwritten row's too. Whoever else reads a
 * STARTED row and hears of the lock begins the next attempt. A cancellation of a STARTED row is told to all. What is kept is
 * flushed, but beside an unwritten row: it is written with that. An acknowledgement proves that the stored row is decided, so
 * a copy that is not is stale, and goes.
 *
 * A copy that is neither unwritten nor overtaken is the stored row; one that is overtaken fails at its version and is read
 * again. So only an unwritten copy that is fresh needs to be told from the stored row.
 *   -DW=n losses of the broker   -DM=n changes of partition or driver   -DD=n re-drives that need not be   -DLOSSES=n
 *   crashes or full caches   -DCANCEL somebody may cancel, through either   -DBUSY child 0 may be held by an older one, once
 *   -DREFUSE child 1 may refuse
 */
#include "states.pml"
#ifndef W
#define W 0
#endif
#ifndef M
#define M 1
#endif
#ifndef D
#define D 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define K 2
#define A 3
#define CHILDREN 3
#define LEAD 2
#define ALL 7
#define BIT(k) (1 << (k))
#define AT(a,k) (1 << ((a)*K+(k)))
#define OF(m,a) (((m) >> ((a)*K)) & CHILDREN)      /* of a mask by attempt and child, the children of this attempt */

/* ---- the durable row ---- */
byte rst, ratt, rgot, racks, rparts, rplan;
#define DECIDED (rst >= COMMITTED)

/* ---- the memory of replica r ---- */
byte mst[2], matt[2], mgot[2];
bit unwritten[2], isread[2];
bit fresh[2];             /* nobody has written the row since this copy was read or written: its version is the row's */
byte kept[2], keptack[2];
byte owner, driver;       /* who gets the replies; who drives again */

/* ---- messages ---- */
bit mLOCK, mLOCKED, again; /* again: the lead has been asked, and so answers, once more */
byte mPREP, mPRPD;
bit mBUSY, mREFD;         /* of the row's attempt when they were sent */
byte busyatt, refdatt;
byte mREL;                /* mask of attempts */
byte mTOLD, mACK;         /* the decision to, the acknowledgement of: children and the lead */
byte plan[A];             /* the plan that the prepares of this attempt carry */
byte wipes, moves, drives, losses;
bit canceled, busied;

/* ---- participants ---- */
#define INTENT 1
#define VOID 2
#define FINAL 3
byte cell[K*A], lead;     /* the lead's lock belongs to no attempt */
#define C(k,a) cell[(k)*A+(a)]
#define IS(k,x) (C(k,0) == x || C(k,1) == x || C(k,2) == x)

/* ================= the orchestrator ================= */
/* replica r has written, or read, the stored row */
inline remember(r) {
  mst[r] = rst; matt[r] = ratt; mgot[r] = rgot; unwritten[r] = 0; isread[r] = 1; fresh[r] = 1
}
inline forget(r) {
  mst[r] = NONE; matt[r] = 0; mgot[r] = 0; unwritten[r] = 0; isread[r] = 0; fresh[r] = 0
}
inline prepares(a, p) {
  assert(plan[a] == 0 || plan[a] == (p));            /* no attempt has two plans */
  plan[a] = p; mPREP = mPREP | (CHILDREN << ((a)*K))
}
#define WRITTEN(r) fresh[1-(r)] = 0
inline decide(d) { assert(!DECIDED); rst = d; mTOLD = rparts }      /* a decision never changes */

/* Replica r hears `p` (Prepareds by attempt), `acks`, the lock, a Busy and a refusal: one transaction. */
inline hear(r, p, acks, lock, busy, refd) {
  if
#ifdef F_NOVERSION        /* an unwritten row is written over whatever is there */
  :: unwritten[r] -> assert(!DECIDED);
#else
  :: unwritten[r] && fresh[r] ->
#endif
       rst = PREPARING; ratt = matt[r]; rgot = mgot[r]; rplan = plan[matt[r]]; rparts = ALL; WRITTEN(r)
  :: else
  fi;
  if
  :: rst == STARTED && (lock) ->
#ifndef F_SAMEATTEMPT
       ratt++;                                       /* its beginner may have used this one */
#endif
       rst = PREPARING; rplan = (r) + 1; rparts = ALL; prepares(ratt, rplan); WRITTEN(r)
  :: rst == PREPARING ->
       if :: (OF(p, ratt) & ~rgot) -> rgot = rgot | OF(p, ratt); WRITTEN(r) :: else fi;
       if
       :: rgot == CHILDREN -> decide(COMMITTED); WRITTEN(r)
       :: rgot != CHILDREN && (refd) && refdatt == ratt -> decide(ABORTED); WRITTEN(r)
       :: rgot != CHILDREN && (busy) && busyatt == ratt ->
            mREL = mREL | BIT(ratt); ratt++; rgot = 0; rst = PARKED; WRITTEN(r)
       :: else
       fi
  :: DECIDED && ((acks) & rparts & ~racks) -> racks = racks | ((acks) & rparts); WRITTEN(r)
  :: else
  fi;
  remember(r); kept[r] = 0; keptack[r] = 0
}

/* some child that is needed has answered neither this row nor what is kept */
#define MISSING(r,k) (CHILDREN & ~(mgot[r] | OF(kept[r],0) | OF(kept[r],1) | OF(kept[r],2) | BIT(k)))
#define KEEPS(r,a,k) (mst[r] == PREPARING && matt[r] == (a) && MISSING(r,k))
#define NEWS(a,k) (mPRPD & AT(a,k)) && !(kept[_pid] & AT(a,k))
#define USEFUL(r,a,k) ((rst == PREPARING && ratt == (a) && !(rgot & BIT(k))) || (unwritten[r] && matt[r] == (a)))
#define PREPARED(r,a,k) \
 :: atomic { owner == (r) && NEWS(a,k) && KEEPS(r,a,k) && USEFUL(r,a,k) -> kept[r] = kept[r] | AT(a,k) } \
 :: atomic { owner == (r) && NEWS(a,k) && !KEEPS(r,a,k) && USEFUL(r,a,k) -> hear(r, kept[r] | AT(a,k), keptack[r], 0, 0, 0) }
#define ACKNOWLEDGED(r,k) \
 :: atomic { owner == (r) && (mACK & rparts & ~(racks | keptack[r]) & BIT(k)) -> \
      keptack[r] = keptack[r] | BIT(k); STALE(r) }
#ifdef F_ACKWITHUNWRITTEN /* a copy stays beside an acknowledgement */
#define STALE(r) skip
#else
#define STALE(r) if :: mst[r] < COMMITTED -> forget(r) :: else fi
#endif
#define FLUSHES(r) ((kept[r] || keptack[r]) && !unwritten[r])
#ifdef F_CANCELLEAD       /* a STARTED row knows of no participant but the lead */
#define CANCELTELLS
#else
#define CANCELTELLS rparts = ALL;
#endif

active [2] proctype Replica() {
end: do
  :: atomic { _pid == 0 && rst == NONE && !losses -> rst = STARTED; rparts = BIT(LEAD); mLOCK = 1; remember(_pid); isread[_pid] = 0 }
  /* the lock: its beginner goes on unwritten, whoever else hears of it writes */
  :: atomic { owner == _pid && mLOCKED && mst[_pid] == STARTED && !isread[_pid] ->
       mst[_pid] = PREPARING; mgot[_pid] = 0; unwritten[_pid] = 1; prepares(matt[_pid], _pid + 1) }
  :: atomic { owner == _pid && mLOCKED && !(mst[_pid] == STARTED && !isread[_pid]) && !unwritten[_pid] && rst == STARTED ->
       hear(_pid, kept[_pid], keptack[_pid], 1, 0, 0) }
  /* beside an unwritten row it tells that somebody has asked again: the row may have moved */
  :: atomic { owner == _pid && mLOCKED && unwritten[_pid] && again -> again = 0; hear(_pid, kept[_pid], keptack[_pid], 1, 0, 0) }
  PREPARED(_pid,0,0) PREPARED(_pid,0,1) PREPARED(_pid,1,0) PREPARED(_pid,1,1) PREPARED(_pid,2,0) PREPARED(_pid,2,1)
  :: atomic { owner == _pid && mBUSY && ((rst == PREPARING && ratt == busyatt) || (unwritten[_pid] && matt[_pid] == busyatt)) ->
       hear(_pid, kept[_pid], keptack[_pid], 0, 1, 0) }
  :: atomic { owner == _pid && mREFD && ((rst == PREPARING && ratt == refdatt) || (unwritten[_pid] && matt[_pid] == refdatt)) ->
       hear(_pid, kept[_pid], keptack[_pid], 0, 0, 1) }
  ACKNOWLEDGED(_pid,0) ACKNOWLEDGED(_pid,1) ACKNOWLEDGED(_pid,LEAD)
  :: atomic { FLUSHES(_pid) -> hear(_pid, kept[_pid], keptack[_pid], 0, 0, 0) }
#ifdef CANCEL
  :: atomic { !canceled && rst != NONE && !DECIDED -> canceled = 1; CANCELTELLS decide(ABORTED); WRITTEN(_pid); remember(_pid) }
#endif
  /* re-drive: from memory what is unwritten, and if that is overtaken it is forgotten */
  :: atomic { driver == _pid && unwritten[_pid] ->
       if
       :: fresh[_pid] -> rst = PREPARING; ratt = matt[_pid]; rgot = mgot[_pid]; rplan = plan[ratt]; rparts = ALL;
            mPREP = mPREP | (CHILDREN << (ratt*K)); WRITTEN(_pid); remember(_pid)
       :: else -> forget(_pid)
       fi }
  /* else what is stored: the lead is asked again, because it must or because it takes long */
  :: atomic { driver == _pid && !unwritten[_pid] && rst == STARTED && (!mLOCK || drives < D) ->
       if :: mLOCK -> drives++ :: else fi; mLOCK = 1; again = 1; WRITTEN(_pid); remember(_pid) }
  :: atomic { driver == _pid && !unwritten[_pid] && rst == PREPARING && (CHILDREN & ~(rgot | OF(mPREP,ratt))) ->
       prepares(ratt, rplan); WRITTEN(_pid); remember(_pid) }
  :: atomic { driver == _pid && !unwritten[_pid] && rst == PARKED && !(mREL & BIT(ratt-1)) -> mREL = mREL | BIT(ratt-1); WRITTEN(_pid); remember(_pid) }
  :: atomic { driver == _pid && !unwritten[_pid] && DECIDED && (rparts & ~(racks | mTOLD)) ->
       mTOLD = mTOLD | (rparts & ~racks); WRITTEN(_pid); remember(_pid) }
  /* the holder of what it waited for is decided */
  :: atomic { rst == PARKED -> rst = PREPARING; prepares(ratt, rplan); WRITTEN(_pid); remember(_pid) }
  /* a crash, or a cache that is full */
  :: atomic { losses < LOSSES && (mst[_pid] != NONE || kept[_pid] || keptack[_pid]) ->
       losses++; forget(_pid); kept[_pid] = 0; keptack[_pid] = 0 }
  od
}

/* ================= participants ================= */
#define HIGHER(k,a) (((a) < 1 && C(k,1)) || ((a) < 2 && C(k,2)))
#ifdef F_NOVOIDMARK       /* what is released or aborted leaves no mark where there is nothing */
#define VOIDABLE(x) ((x) == INTENT)
#else
#define VOIDABLE(x) ((x) < VOID)
#endif
inline void(k, through) {
  if :: VOIDABLE(C(k,0)) -> C(k,0) = VOID :: else fi;
  if :: (through) > 0 && VOIDABLE(C(k,1)) -> C(k,1) = VOID :: else fi;
  if :: (through) > 1 && VOIDABLE(C(k,2)) -> C(k,2) = VOID :: else fi
}
inline carryout(k) {
  if
  :: rst == COMMITTED && C(k,ratt) == INTENT -> C(k,ratt) = FINAL
  :: rst == ABORTED -> void(k, A-1)
  :: else
  fi;
  mACK = mACK | BIT(k)
}
#define CHILD(k,a) \
 :: atomic { (mPREP & AT(a,k)) && !HIGHER(k,a) && (C(k,a) == INTENT || C(k,a) == FINAL) && !(mPRPD & AT(a,k)) -> mPRPD = mPRPD | AT(a,k) } \
 :: atomic { (mPREP & AT(a,k)) && !HIGHER(k,a) && C(k,a) == 0 -> \
      if :: (a) > 0 -> void(k, (a)-1) :: else fi; C(k,a) = INTENT; mPRPD = mPRPD | AT(a,k) } \
 :: atomic { (mREL & BIT(a)) && (VOIDABLE(C(k,0)) || ((a) > 0 && VOIDABLE(C(k,1))) || ((a) > 1 && VOIDABLE(C(k,2)))) -> void(k, a) } \
 REFUSES(k,a) HELDUP(k,a)
#ifdef REFUSE
#define REFUSES(k,a) :: atomic { (k) == 1 && (mPREP & AT(a,k)) && !HIGHER(k,a) && C(k,a) == 0 && !mREFD -> mREFD = 1; refdatt = a }
#else
#define REFUSES(k,a)
#endif
#ifdef BUSY
#define HELDUP(k,a) :: atomic { (k) == 0 && (mPREP & AT(a,k)) && !HIGHER(k,a) && C(k,a) == 0 && !busied -> busied = 1; mBUSY = 1; busyatt = a }
#else
#define HELDUP(k,a)
#endif
active [K] proctype Child() {
  byte me = _pid - 2;
end: do
  CHILD(me,0) CHILD(me,1) CHILD(me,2)
  /* told; or asked by itself, because the intent has grown old */
  :: atomic { DECIDED && (((mTOLD & BIT(me)) && !(mACK & BIT(me))) || IS(me,INTENT)) -> carryout(me) }
  :: atomic { !DECIDED && ratt > 0 && (C(me,0) == INTENT || (ratt > 1 && C(me,1) == INTENT)) -> void(me, ratt-1) }
  od
}
active proctype Lead() {
end: do
  :: atomic { mLOCK && lead < VOID && !mLOCKED -> lead = INTENT; mLOCKED = 1 }
  :: atomic { DECIDED && (((mTOLD & BIT(LEAD)) && !(mACK & BIT(LEAD))) || lead == INTENT) ->
       lead = (rst == COMMITTED -> FINAL : VOID); mACK = mACK | BIT(LEAD) }
  od
}

active proctype Environment() {
end: do
  :: atomic { moves < M -> moves++; owner = 1 - owner }
  :: atomic { moves < M -> moves++; driver = 1 - driver }
  :: atomic { wipes < W -> wipes++; mLOCK = 0; mLOCKED = 0; again = 0; mPREP = 0; mPRPD = 0; mBUSY = 0; mREFD = 0; busyatt = 0; refdatt = 0;
       mREL = 0; mTOLD = 0; mACK = 0 }
  od
}

/* ================= what must hold ================= */
#define HELD(k) (C(k,ratt) == INTENT || C(k,ratt) == FINAL)
/* what is committed is held by all, and nothing else is final */
#define WHOLE (rst == COMMITTED -> HELD(0) && HELD(1) && (lead == INTENT || lead == FINAL) : !IS(0,FINAL) && !IS(1,FINAL) && lead != FINAL)
/* a row that is over has left nothing anywhere, nor can anything come back: it may be deleted */
#define OVER (DECIDED && racks == rparts)
#define CLEAN(k) (!IS(k,INTENT))
active proctype Monitor() {
end: do
  :: atomic { !WHOLE -> assert(WHOLE) }
  :: atomic { OVER && !(CLEAN(0) && CLEAN(1)) -> assert(CLEAN(0) && CLEAN(1)) }
  /* in the end it is decided, for a reason, carried out everywhere, and that is written */
  :: atomic { timeout -> assert(rst == NONE || (DECIDED && OVER && CLEAN(0) && CLEAN(1) && lead != INTENT));
       assert(rst != ABORTED || canceled || mREFD || wipes); break }
  od
}
