/* Faults and other users of qualify.pml. */
#ifdef DELETE   /* a user deletes or merges away a live account; not one that a committed qualification names (that would be legal) */
#define NAMED(n) ((rst[0]==COMMITTED && rname[0]==n) || (rst[1]==COMMITTED && rname[3]==n))
#ifdef F_DELETE
#define LOCKEDREC(n) false
#else
#define LOCKEDREC(n) (ANYC(0,0,ATTI,ATTI) || ANYC(0,1,ATTI,ATTI))   /* amended: an attach is an intent, fills or not */
#endif
#endif
active proctype Environment() {
end: do
  :: atomic { wipes<W -> wipes++; mPREP[0]=0; mPREP[1]=0; mPRPD[0]=0; mPRPD[1]=0; mBUSY[0]=0; mBUSY[1]=0; mREFD[0]=0; mREFD[1]=0;
              mREL[0]=0; mREL[1]=0; mABT[0]=0; mABT[1]=0; mCMT[0]=0; mCMT[1]=0 }
#ifdef DELETE
  :: atomic { ex[0]==1 && !NAMED(EXN) && !LOCKEDREC(EXN) -> ex[0]=2 }
#endif
#ifdef F_CACHE
  :: atomic { !cu[0] && rst[0]>=STARTED && !DECIDED(0) -> cu[0]=1 }
#endif
#ifdef PRESUME   /* asked for an id that has no row: the answer is first written as an ABORTED row (to answer is to decide) */
  :: atomic { rst[0]==NONE && !told[0] -> told[0]=1; STEP(0,ABORTED) }
#endif
#ifdef F_PRESUME /* .. answered, and not written */
  :: atomic { rst[0]==NONE && !told[0] -> told[0]=1 }
#endif
#ifdef F_PRUNE
  :: atomic { rst[0]==COMMITTED && !pruned[0] -> pruned[0]=1 }
#endif
#ifdef PRUNE    /* amended: a row goes only when all four have said that they are final */
  :: atomic { rst[0]==COMMITTED && !pruned[0] && ANYC(LEAD,0,FOPEN,FOPEN) && ANYC(0,0,FOPEN,FATT) && ANYC(1,0,FOPEN,FATT) && (NK==2 || ANYC(2,0,FOPEN,FATT)) -> pruned[0]=1 }
#endif
  od
}
