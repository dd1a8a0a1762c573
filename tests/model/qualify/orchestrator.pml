/* The orchestrator of qualify.pml: in one go, or as replicas that read a row and act on their copy later. */
#ifdef SNAP
#define TOUCH(q) fresh[0*NQ+q]=0; fresh[1*NQ+q]=0
bit fresh[2*NQ];          /* fresh = "no row change since replica r read it" = the version still matches */
#else
#define TOUCH(q) skip
#endif
#define SENDPREP(q) mPREP[q] = mPREP[q] | (FULL << (ratt[q]*4))
#define SENDLOCK(q) PUT(mPREP,q,LA(q),LEAD)
#define STEP(q,s)   assert(!DECIDED(q)); rst[q] = s; TOUCH(q)      /* a decision never changes */
#define ABORT(q)    STEP(q,ABORTED); mREL[q] = mREL[q] | (1<<ratt[q]); mABT[q] = 1
#define COMMIT(q)   assert(lv[L(q)]==rsnap[q]); STEP(q,COMMITTED); ans[q] = 1; mCMT[q] = 1

#ifdef RELLEAD
#define AGAIN(q) STEP(q,STARTED); SENDLOCK(q)
#else
#define AGAIN(q) STEP(q,PREPARING); SENDPREP(q)
#endif
inline die(q) {           /* the younger releases what it holds and tries again as the next attempt */
  assert(ratt[q] < A-1);  /* amended: as many attempts as older rivals + 1 are enough */
  mREL[q] = mREL[q] | (1<<ratt[q]);
  ratt[q]++; rgot[q] = 0;
#ifndef F_DIENOW
  STEP(q,PARKED)
#else
  AGAIN(q)
#endif
}
inline take(q,a,k) {      /* the reply Prepared(q,a,k) is counted */
  rgot[q] = rgot[q] | (1<<(k)); rname[q*3+k] = pn[IX(k,q,a)]; TOUCH(q);
  if :: rgot[q]==FULL -> COMMIT(q) :: else fi
}
#define YOUNGER(q) ((q)==1)
#ifdef F_BUSYDECIDED
#define HOLDERLIVE(q) true
#else
#define HOLDERLIVE(q) (!DECIDED(1-q))
#endif
#ifdef F_STALEREPLY
#define RA(q,a) (a<=ratt[q])
#else
#define RA(q,a) (a==ratt[q])
#endif
#ifdef F_LOCKDUP
#define LOCKED(q) (HAS(mPRPD,q,0,LEAD) || HAS(mPRPD,q,1,LEAD))
#else
#define LOCKED(q) HAS(mPRPD,q,LA(q),LEAD)
#endif

#define ORCH_ROW(q) \
 :: atomic { rst[q]==NONE -> STEP(q,STARTED); SENDLOCK(q) } \
 :: atomic { rst[q]==STARTED && LOCKED(q) -> STEP(q,PREPARING); rgot[q]=0; rsnap[q]=lsnap[q*A+LA(q)]; SENDPREP(q) } \
 :: atomic { rst[q]==STARTED && HAS(mREFD,q,LA(q),LEAD) -> ABORT(q) } \
 :: atomic { rst[q]==PARKED && DECIDED(1-q) -> AGAIN(q) } \
 /* re-drive after a wipe: the current messages again */ \
 :: atomic { rst[q]==STARTED && !HAS(mPREP,q,LA(q),LEAD) -> SENDLOCK(q) } \
 :: atomic { rst[q]==PREPARING && ((mPREP[q]>>(ratt[q]*4))&FULL)!=FULL -> SENDPREP(q) }

#define ORCH_REPLY(q,a,k) \
 :: atomic { rst[q]==PREPARING && RA(q,a) && HAS(mPRPD,q,a,k) && !(rgot[q]&(1<<(k))) -> take(q,a,k) } \
 :: atomic { rst[q]==PREPARING && RA(q,a) && HAS(mREFD,q,a,k) && !(rgot[q]&(1<<(k))) -> ABORT(q) } \
 :: atomic { rst[q]==PREPARING && RA(q,a) && HAS(mBUSY,q,a,k) && !(rgot[q]&(1<<(k))) && YOUNGER(q) && HOLDERLIVE(q) -> die(q) }

#if NK == 3
#define ORCH_REPLIES(q,a) ORCH_REPLY(q,a,0) ORCH_REPLY(q,a,1) ORCH_REPLY(q,a,2)
#else
#define ORCH_REPLIES(q,a) ORCH_REPLY(q,a,0) ORCH_REPLY(q,a,1)
#endif

#ifndef SNAP
/* every step reads and writes the row in one go: what any number of replicas come to when the version is checked */
active proctype Orchestrators() {
end: do
  ORCH_ROW(0) ORCH_REPLIES(0,0) ORCH_REPLIES(0,1)
  ORCH_ROW(1) ORCH_REPLIES(1,0) ORCH_REPLIES(1,1)
#if A == 3
  ORCH_REPLIES(0,2) ORCH_REPLIES(1,2)
#endif
  od
}
#else
/* replicas that read a row, and act on the copy later.  Only the reply handling is split (the rest is one guarded step) */
byte sgot[2*NQ], satt[2*NQ]; bit have[2*NQ];
#define S(r,q) ((r)*NQ+(q))
#ifdef F_NOCAS
#define CAS(r,q) (rst[q]==PREPARING)                            /* UPDATE .. WHERE id AND state */
#define WRITEBACK(r,q) ratt[q]=satt[S(r,q)]; rgot[q]=sgot[S(r,q)]
#else
#define CAS(r,q) (rst[q]==PREPARING && fresh[S(r,q)])           /* .. AND version */
#define WRITEBACK(r,q) skip
#endif
#ifdef F_ANSWEREARLY
#define EARLY(r,q,k) if :: (sgot[S(r,q)]|(1<<(k)))==FULL -> ans[q]=1 :: else fi
#else
#define EARLY(r,q,k) skip
#endif
#define SNAP_REPLY(r,q,k) \
 :: atomic { have[S(r,q)] && HAS(mPRPD,q,satt[S(r,q)],k) && !(sgot[S(r,q)]&(1<<(k))) -> have[S(r,q)]=0; \
      EARLY(r,q,k); if :: CAS(r,q) -> WRITEBACK(r,q); take(q,ratt[q],k) :: else fi; sgot[S(r,q)]=0; satt[S(r,q)]=0 } \
 :: atomic { have[S(r,q)] && HAS(mREFD,q,satt[S(r,q)],k) && !(sgot[S(r,q)]&(1<<(k))) -> have[S(r,q)]=0; \
      if :: CAS(r,q) -> WRITEBACK(r,q); ABORT(q) :: else fi; sgot[S(r,q)]=0; satt[S(r,q)]=0 } \
 :: atomic { have[S(r,q)] && HAS(mBUSY,q,satt[S(r,q)],k) && !(sgot[S(r,q)]&(1<<(k))) && YOUNGER(q) && HOLDERLIVE(q) -> have[S(r,q)]=0; \
      if :: CAS(r,q) -> WRITEBACK(r,q); die(q) :: else fi; sgot[S(r,q)]=0; satt[S(r,q)]=0 }
#if NK == 3
#define SNAP_REPLIES(r,q) SNAP_REPLY(r,q,0) SNAP_REPLY(r,q,1) SNAP_REPLY(r,q,2)
#else
#define SNAP_REPLIES(r,q) SNAP_REPLY(r,q,0) SNAP_REPLY(r,q,1)
#endif
#define SNAP_READ(r,q) \
 :: atomic { rst[q]==PREPARING && !have[S(r,q)] -> have[S(r,q)]=1; fresh[S(r,q)]=1; satt[S(r,q)]=ratt[q]; sgot[S(r,q)]=rgot[q] } \
 /* crash, or the lost race noticed: the copy is forgotten; before that it may re-send the old attempt's prepares */ \
 :: atomic { have[S(r,q)] && !fresh[S(r,q)] -> have[S(r,q)]=0; sgot[S(r,q)]=0; satt[S(r,q)]=0 } \
 :: atomic { have[S(r,q)] && ((mPREP[q]>>(satt[S(r,q)]*4))&FULL)!=FULL -> mPREP[q]=mPREP[q]|(FULL<<(satt[S(r,q)]*4)) }
active [2] proctype Replica() {
end: do
  ORCH_ROW(0) ORCH_ROW(1)
  SNAP_READ(_pid,0) SNAP_REPLIES(_pid,0) SNAP_READ(_pid,1) SNAP_REPLIES(_pid,1)
  od
}
#endif
