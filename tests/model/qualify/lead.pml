/* The lead service of qualify.pml: participant 3, whose lock belongs to the qualification. */
/* visible now, for a reader that asks now */
#if A == 3
#define LQUAL(q)  (ANYC(LEAD,q,FOPEN,FOPEN) || (C(LEAD,q,0)==OPENI && LYES(q,0)) || (C(LEAD,q,1)==OPENI && LYES(q,1)) || (C(LEAD,q,2)==OPENI && LYES(q,2)))
#else
#define LQUAL(q)  (ANYC(LEAD,q,FOPEN,FOPEN) || (C(LEAD,q,0)==OPENI && LYES(q,0)) || (C(LEAD,q,1)==OPENI && LYES(q,1)))
#endif

#define LOTHER(q)  (L(1-(q))==L(q) && ANYC(LEAD,1-(q),OPENI,FOPEN))
#define LOTHERNO(q) (L(1-(q))==L(q) && ANYC(LEAD,1-(q),OPENI,OPENI) && DECIDED(1-(q)))   /* a decided intent: resolve it first */
#ifdef F_LNORES
#undef LOTHERNO
#define LOTHERNO(q) false
#endif
#define LFREE(q)   (!ldisq[L(q)] && !LOTHER(q))
#define LOCK_ON(q,a) (HAS(mPREP,q,a,LEAD) && !HIGHER(LEAD,q,a) && (((C(LEAD,q,a)==OPENI||C(LEAD,q,a)==FOPEN) && !HAS(mPRPD,q,a,LEAD)) || \
    (C(LEAD,q,a)==0 && (LFREE(q) || (!HAS(mREFD,q,a,LEAD) && !LOTHERNO(q))))))
inline lock(q,a) {
  if :: C(LEAD,q,a)!=0 -> PUT(mPRPD,q,a,LEAD)
     :: else ->
#ifdef RELLEAD
        if :: (a)>0 && C(LEAD,q,0)<DEAD -> C(LEAD,q,0)=DEAD :: else fi;
#if A == 3
        if :: (a)>1 && C(LEAD,q,1)<DEAD -> C(LEAD,q,1)=DEAD :: else fi;
#endif
#endif
        if :: LFREE(q) -> C(LEAD,q,a)=OPENI; lsnap[q*A+a]=lv[L(q)]; PUT(mPRPD,q,a,LEAD)
           :: else -> PUT(mREFD,q,a,LEAD);
              /* the reason given is true: disqualified, ALREADY_QUALIFIED (the other's decision is COMMITTED), or BEING_QUALIFIED (undecided) */
              assert(ldisq[L(q)] || LQUAL(1-q) || !DECIDED(1-q)) fi
  fi
}
#ifdef RELLEAD
#define LEADREL(q,a) :: atomic { (mREL[q] & (1<<(a))) && C(LEAD,q,a)<DEAD -> drop(LEAD,q,a) }
#else
#define LEADREL(q,a)
#endif
#define LEADQ(q,a) \
 :: atomic { LOCK_ON(q,a) -> lock(q,a) } \
 :: atomic { mABT[q] && C(LEAD,q,a)<DEAD && LA(q)==(a) -> drop(LEAD,q,a) } \
 LEADREL(q,a) \
 :: atomic { C(LEAD,q,a)==OPENI && LYES(q,a) && ASKS(q) -> final(LEAD,q,a) } \
 :: atomic { C(LEAD,q,a)==OPENI && LNO(q,a) && ASKSNO(q) -> drop(LEAD,q,a) }
#define LUNLOCKED(l) (!(L(0)==l && ANYC(LEAD,0,OPENI,FOPEN)) && !(L(1)==l && ANYC(LEAD,1,OPENI,FOPEN)))
active proctype LeadService() {
end: do
  LEADQ(0,0) LEADQ(1,0)
#ifdef RELLEAD
  LEADQ(0,1) LEADQ(1,1)
#if A == 3
  LEADQ(0,2) LEADQ(1,2)
#endif
#endif
#ifdef EDIT
#ifdef F_EDIT
  :: atomic { !lv[0] && !ANYC(LEAD,0,FOPEN,FOPEN) && !ldisq[0] -> lv[0]=1 }
#else
  :: atomic { !lv[0] && LUNLOCKED(0) && !ldisq[0] -> lv[0]=1 }
#endif
#ifdef EDIT1
  :: atomic { !lv[1] && LUNLOCKED(1) && !ldisq[1] -> lv[1]=1 }
#endif
#endif
#ifdef DISQ
  :: atomic { !ldisq[0] && LUNLOCKED(0) -> ldisq[0]=1 }
#ifdef DISQ1
  :: atomic { !ldisq[1] && LUNLOCKED(1) -> ldisq[1]=1 }
#endif
#endif
  od
}
