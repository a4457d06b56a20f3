"""SQLAlchemy's ORM over SQLite: sessions that insert, query, update and delete; the table keeps its size."""

from load import until_end
from sqlalchemy import ForeignKey, create_engine, delete, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(back_populates="customer", cascade="all, delete-orphan")


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    text: Mapped[str]
    customer: Mapped[Customer] = relationship(back_populates="orders")


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
for number in until_end():
    with Session(engine) as session:
        orders = [Order(text=f"order {number}.{i}") for i in range(5)]
        session.add(Customer(name=f"customer {number}", orders=orders))
        session.commit()
    with Session(engine) as session:
        query = select(Customer).options(selectinload(Customer.orders)).order_by(Customer.id.desc()).limit(10)
        for customer in session.scalars(query):
            customer.name = customer.name.upper()
        session.commit()
        if session.scalar(select(func.count(Customer.id))) > 100:
            oldest = session.scalar(select(func.max(Customer.id))) - 50
            session.execute(delete(Order).where(Order.customer_id < oldest))
            session.execute(delete(Customer).where(Customer.id < oldest))
            session.commit()
