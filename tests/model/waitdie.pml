/* waitdie.pml - three qualifications q0 < q1 < q2 (age), the identities (two) wanted by all; the contention part of qualify.pml alone,
 * to see that chains of waits end and how many attempts they take.  Same message model.
 *   -DNI=1|2 identities   -DW=n wipes   -DCANCEL an undecided one may be cancelled   -DREREL releases are sent again */
#ifndef W
#define W 1
#endif
#ifndef NI
#define NI 2
#endif
#define ALL ((1<<NI)-1)
#define A 3
#include "states.pml"
byte rst[3], ratt[3], rgot[3], rw[3];
byte mR[3], mP[3], mL[3]; int mB[3];
byte cell[2*3*A];
byte wipes;
#define C(k,q,a) cell[((k)*3+(q))*A+(a)]
#define B(k,a) (1<<((a)*2+(k)))
#define BB(k,a,h) (1<<(((a)*2+(k))*3+(h)))
#define DEC(q) (rst[q]>=COMMITTED)
#define II(k,q,a) (C(k,q,a)==1||C(k,q,a)==2)
#define OI(k,h) (II(k,h,0)||II(k,h,1)||II(k,h,2))
#define FF(k,h) (C(k,h,0)==4||C(k,h,1)==4||C(k,h,2)==4)
#define HI(k,q,a) (((a)<1 && C(k,q,1)!=0) || ((a)<2 && C(k,q,2)!=0))
#define LIVE(k) (FF(k,0)||FF(k,1)||FF(k,2))
#define SUPER(q,a) (ratt[q]>(a))
#define ROW(q,h1,h2) \
 :: atomic { rst[q]==NONE -> rst[q]=PREPARING; mR[q]=mR[q]|ALL } \
 :: atomic { rst[q]==PREPARING && ((mR[q]>>(2*ratt[q]))&ALL)!=ALL -> mR[q]=mR[q]|(ALL<<(2*ratt[q])) } \
 :: atomic { rst[q]==PARKED && DEC(rw[q]) -> rst[q]=PREPARING; rw[q]=0; mR[q]=mR[q]|(ALL<<(2*ratt[q])) } \
 REDRIVE(q) CAN(q) REPS(q,h1,h2)
#ifdef REREL
#define REDRIVE(q) :: atomic { rst[q]==PARKED && !(mL[q]&(1<<(ratt[q]-1))) -> mL[q]=mL[q]|(1<<(ratt[q]-1)) }
#else
#define REDRIVE(q)
#endif
#ifdef CANCEL
#define CAN(q) :: atomic { (rst[q]==PREPARING||rst[q]==PARKED) -> rst[q]=ABORTED; rw[q]=0; mL[q]=mL[q]|(1<<ratt[q]) }
#else
#define CAN(q)
#endif
#define DIE(q,h) assert(ratt[q]<A-1); mL[q]=mL[q]|(1<<ratt[q]); ratt[q]++; rgot[q]=0; rst[q]=PARKED; rw[q]=h
#define BU(q,k,h) :: atomic { (h)<(q) && rst[q]==PREPARING && (mB[q]&BB(k,ratt[q],h)) && !(rgot[q]&(1<<(k))) && !DEC(h) -> DIE(q,h) }
#define REP(q,k,h1,h2) \
 :: atomic { rst[q]==PREPARING && (mP[q]&B(k,ratt[q])) && !(rgot[q]&(1<<(k))) -> rgot[q]=rgot[q]|(1<<(k)); if :: rgot[q]==ALL -> rst[q]=COMMITTED :: else fi } \
 BU(q,k,h1) BU(q,k,h2)
#if NI == 2
#define REPS(q,h1,h2) REP(q,0,h1,h2) REP(q,1,h1,h2)
#else
#define REPS(q,h1,h2) REP(q,0,h1,h2)
#endif
active proctype Orch() { end: do ROW(0,1,2) ROW(1,0,2) ROW(2,0,1) od }
#define PON(k,q,a,h1,h2) ((mR[q]&B(k,a)) && !HI(k,q,a) && (((II(k,q,a)||C(k,q,a)>=4) && !(mP[q]&B(k,a))) || (C(k,q,a)==0 && \
   ((!OI(k,h1)&&!OI(k,h2)) || (OI(k,h1)&&!(mB[q]&BB(k,a,h1))) || (OI(k,h2)&&!(mB[q]&BB(k,a,h2)))))))
#define P(k,q,a,h1,h2) \
 :: atomic { PON(k,q,a,h1,h2) -> \
     if :: C(k,q,a)!=0 -> mP[q]=mP[q]|B(k,a) \
        :: else -> \
           if :: (a)>0 && C(k,q,0)<3 -> C(k,q,0)=3 :: else fi; if :: (a)>1 && C(k,q,1)<3 -> C(k,q,1)=3 :: else fi; \
           if :: OI(k,h1) && !(mB[q]&BB(k,a,h1)) -> mB[q]=mB[q]|BB(k,a,h1) \
              :: OI(k,h2) && !(mB[q]&BB(k,a,h2)) -> mB[q]=mB[q]|BB(k,a,h2) \
              :: !OI(k,h1) && !OI(k,h2) -> C(k,q,a)=1+LIVE(k); mP[q]=mP[q]|B(k,a) fi fi } \
 :: atomic { (mL[q]&(1<<(a))) && (C(k,q,0)<3 || ((a)>0 && C(k,q,1)<3) || ((a)>1 && C(k,q,2)<3)) -> \
     if :: C(k,q,0)<3 -> C(k,q,0)=3 :: else fi; if :: (a)>0 && C(k,q,1)<3 -> C(k,q,1)=3 :: else fi; if :: (a)>1 && C(k,q,2)<3 -> C(k,q,2)=3 :: else fi } \
 :: atomic { II(k,q,a) && rst[q]==COMMITTED && ratt[q]==(a) -> C(k,q,a)=C(k,q,a)+3 } \
 :: atomic { II(k,q,a) && (rst[q]==ABORTED || SUPER(q,a)) -> C(k,q,a)=3 }
#define PQ(k,q,h1,h2) P(k,q,0,h1,h2) P(k,q,1,h1,h2) P(k,q,2,h1,h2)
active proctype Acc() { end: do PQ(0,0,1,2) PQ(0,1,0,2) PQ(0,2,0,1) od }
#if NI == 2
active proctype Con() { end: do PQ(1,0,1,2) PQ(1,1,0,2) PQ(1,2,0,1) od }
#endif
active proctype Wipe() { end: do :: atomic { wipes<W -> wipes++; mR[0]=0;mR[1]=0;mR[2]=0;mP[0]=0;mP[1]=0;mP[2]=0;mL[0]=0;mL[1]=0;mL[2]=0;mB[0]=0;mB[1]=0;mB[2]=0 } od }
#define OWN(k,q) (C(k,q,0)==1||C(k,q,0)==4)+(C(k,q,1)==1||C(k,q,1)==4)+(C(k,q,2)==1||C(k,q,2)==4)
#define HELD(k,q) (C(k,q,ratt[q])!=0 && C(k,q,ratt[q])!=3)
#define I8(q) (rst[q]!=COMMITTED || (HELD(0,q) && (NI==1 || HELD(1,q))))
#define I3 (OWN(0,0)+OWN(0,1)+OWN(0,2)<=1 && OWN(1,0)+OWN(1,1)+OWN(1,2)<=1)
active proctype Mon() { end: do
  :: atomic { !I3 -> assert(I3) } :: atomic { !(I8(0)&&I8(1)&&I8(2)) -> assert(false) }
  :: atomic { timeout -> assert(DEC(0)&&DEC(1)&&DEC(2)); assert(!OI(0,0)&&!OI(0,1)&&!OI(0,2)&&!OI(1,0)&&!OI(1,1)&&!OI(1,2)); break } od }
