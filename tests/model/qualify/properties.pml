/* What must hold in qualify.pml, at every moment and at the end; and a reader. */
#define VIS(k,q,a) (C(k,q,a)==FOPEN || C(k,q,a)==GONE || (C(k,q,a)==OPENI && YES(q,a)))
#if A == 3
#define NVIS(k,q) (VIS(k,q,0)+VIS(k,q,1)+VIS(k,q,2))
#define LREC(k,n) ((n==EXN && ex[k]==1) || (n==NAME(0,0)&&VIS(k,0,0)) || (n==NAME(0,1)&&VIS(k,0,1)) || (n==NAME(1,0)&&VIS(k,1,0)) || (n==NAME(1,1)&&VIS(k,1,1)) \
   || (n==NAME(0,2)&&VIS(k,0,2)) || (n==NAME(1,2)&&VIS(k,1,2)))
#else
#define NVIS(k,q) (VIS(k,q,0)+VIS(k,q,1))
#define LREC(k,n) ((n==EXN && ex[k]==1) || (n==NAME(0,0)&&VIS(k,0,0)) || (n==NAME(0,1)&&VIS(k,0,1)) || (n==NAME(1,0)&&VIS(k,1,0)) || (n==NAME(1,1)&&VIS(k,1,1)))
#endif
#define ALLREC(q) (LREC(0,rname[(q)*3]) && LREC(1,rname[(q)*3+1]) && (NK==2 || LREC(2,rname[(q)*3+2])))
#define NONEVIS(q) (NVIS(0,q)==0 && NVIS(1,q)==0 && NVIS(2,q)==0)
/* P1 committed <=> lead QUALIFIED and each named record readable; not committed <=> nothing at all to be seen */
#define P1(q) ((rst[q]==COMMITTED && LQUAL(q) && ALLREC(q)) || (rst[q]!=COMMITTED && !LQUAL(q) && NONEVIS(q)))
/* P2 at most one live child of each kind per lead, and it is the one that the decision names */
#define ONE(k,q) (NVIS(k,q)<=1 && (NVIS(k,q)==0 || (rname[(q)*3+k]>=NAME(q,0) && rname[(q)*3+k]<=NAME(q,A-1))))
#define P2(q) (ONE(0,q) && ONE(1,q) && ONE(2,q))
/* P3 an identity has one owner, reservations included */
#define OWN(k) ((ex[k]==1)+CNT(k,0,OPENI,FOPEN)+CNT(k,1,OPENI,FOPEN))
#define P3 (OWN(0)<=1 && OWN(1)<=1)
/* P4 a lead is held by, or closed by, one qualification */
#define P4 (L(0)!=L(1) || !(ANYC(LEAD,0,OPENI,FOPEN) && ANYC(LEAD,1,OPENI,FOPEN) && !(DECIDED(0) || DECIDED(1))) && !(LQUAL(0) && LQUAL(1)))
#define NOINT(k) (!ANYC(k,0,OPENI,ATTI) && !ANYC(k,1,OPENI,ATTI))
/* P5 at quiescence: all decided, no intent, no lock; aborted only for a reason */
#define QUIET ( DECIDED(0) && DECIDED(1) && NOINT(0) && NOINT(1) && NOINT(2) && NOINT(LEAD) )
#ifndef SAMELEAD
#define JUST ( (rst[0]==COMMITTED || told[0] || REFUSE<9 || ldisq[0]) && (rst[1]==COMMITTED || REFUSE1<9 || ldisq[1]) )
#else
#define JUST ( (rst[0]==COMMITTED || rst[1]==COMMITTED || ldisq[0]) )
#endif
/* P6 no identity is held for nobody */
#define P6 (rst[0]==COMMITTED || rst[1]==COMMITTED || (OWN(0)==(ex[0]==1) && OWN(1)==(ex[1]==1)))

/* P8 what was counted as Prepared is still held: the committed attempt's intent (or final record) is there, fills included */
#define HASI(k,q,a) (C(k,q,a)!=0 && C(k,q,a)!=DEAD)
#define P8(q) (rst[q]!=COMMITTED || (HASI(0,q,ratt[q]) && HASI(1,q,ratt[q]) && (NK==2 || HASI(2,q,ratt[q]))))
active proctype Monitor() {
end: do
  :: atomic { !P1(0) -> assert(P1(0)) }
  :: atomic { !P1(1) -> assert(P1(1)) }
  :: atomic { !P2(0) -> assert(P2(0)) }
  :: atomic { !P2(1) -> assert(P2(1)) }
  :: atomic { told[0] && rst[0]==COMMITTED -> assert(false) }   /* a decision never changes: told aborted, then committed */
  :: atomic { !P8(0) -> assert(P8(0)) }
  :: atomic { !P8(1) -> assert(P8(1)) }
  :: atomic { !P3 -> assert(P3) }
  :: atomic { !P4 -> assert(P4) }
  :: atomic { (ans[0] && rst[0]!=COMMITTED) || (ans[1] && rst[1]!=COMMITTED) -> assert(false) }   /* P7 the answer is true */
  :: atomic { timeout -> assert(QUIET); assert(JUST); assert(P6); break }
  od
}

#ifdef READER
/* two reads, one after the other, each of two steps: database at t0, decision at t1.  R1 shows something of q0 => R2 shows all of it */
byte robs, rtgt, ratt_;
#define OBS(k,a) C(k,0,a)
active proctype Reader() {
  /* R1: of the lead, or of any record that q0 opens */
end0: if
  :: atomic { C(LEAD,0,0)==OPENI || C(LEAD,0,0)==FOPEN -> rtgt=LEAD; ratt_=0; robs=C(LEAD,0,0) }
  :: atomic { C(0,0,0)==OPENI||C(0,0,0)==FOPEN -> rtgt=0; ratt_=0; robs=C(0,0,0) }
  :: atomic { C(1,0,0)==OPENI||C(1,0,0)==FOPEN -> rtgt=1; ratt_=0; robs=C(1,0,0) }
  :: atomic { C(2,0,0)==OPENI||C(2,0,0)==FOPEN -> rtgt=2; ratt_=0; robs=C(2,0,0) }
  fi;
  if
  :: atomic { robs==FOPEN || rst[0]==COMMITTED -> robs=0 }
  :: atomic { robs!=FOPEN && rst[0]!=COMMITTED -> robs=0; rtgt=0; goto done }
  fi;
  /* R2: the lead, or the record that the lead names; t0 */
  if
  :: atomic { rtgt!=LEAD -> rtgt=LEAD; robs=C(LEAD,0,0) }
  :: atomic { rtgt!=0 -> rtgt=0; if :: rname[0]==NAME(0,0) -> robs=C(0,0,0) :: else -> robs=LREC(0,rname[0])*FOPEN fi }
  :: atomic { rtgt!=1 -> rtgt=1; if :: rname[1]==NAME(0,0) -> robs=C(1,0,0) :: else -> robs=LREC(1,rname[1])*FOPEN fi }
  :: atomic { NK==3 && rtgt!=2 -> rtgt=2; robs=C(2,0,0) }
  fi;
  /* t1 */
  if
  :: atomic { robs==FOPEN || (robs==OPENI && rst[0]==COMMITTED) -> robs=0; rtgt=0 }
#ifdef F_CACHE
  :: atomic { robs==OPENI && cu[0] -> assert(false) }      /* answered from the remembered "undecided": not there */
#endif
  :: atomic { !(robs==FOPEN || (robs==OPENI && rst[0]==COMMITTED)) -> assert(false) }
  fi;
done: skip
}
#endif
