//! What Binance accounts own: every asset by itself, nothing borrowed, fees in what is received.

use std::collections::BTreeMap;

use py_rt_types::{Decimal, Liquidity, Money, Side};

use super::life::Filled;
use super::Engine;
use crate::listing::Pair;
use crate::order::Order;

/// The dialect writes eight decimals: what is charged is rounded down to that.
const FINEST: i128 = 10_000_000_000;
const BASIS_POINTS: i128 = 10_000;

/// The assets of an account at its start.
pub(super) fn opened(balances: &[(String, String)]) -> BTreeMap<String, i128> {
    let amount = |text: &str| Decimal::parse(text).and_then(Decimal::to_atto);
    let assets = balances.iter();
    let assets = assets.map(|(asset, text)| (asset.clone(), amount(text).unwrap_or_default()));
    assets.collect()
}

impl Engine {
    pub(crate) fn pair(&self, instrument: usize) -> Option<&Pair> {
        self.listings[instrument].pair.as_ref()
    }

    /// What an order may still take from the wallet: the asset and the amount.
    fn need_of(&self, order: &Order) -> Option<(&str, i128)> {
        let pair = self.pair(order.instrument)?;
        let leaves = order.leaves();
        Some(match order.side {
            Side::Buy => (&pair.quote, self.cost_of(order, leaves).0),
            Side::Sell => (&pair.base, self.amount(order.instrument, leaves.0)),
        })
    }

    /// Lots as an amount of the base asset.
    pub(crate) fn amount(&self, instrument: usize, lots: i64) -> i128 {
        let lot = self.listings[instrument].instrument.spec().lot_size;
        let lot = lot.to_atto().unwrap_or_default();
        lot.saturating_mul(i128::from(lots))
    }

    pub(crate) fn owned(&self, account: usize, asset: &str) -> i128 {
        let wallet = &self.accounts[account].wallet;
        wallet.get(asset).copied().unwrap_or_default()
    }

    /// What open orders hold back of an asset.
    pub(crate) fn locked(&self, account: usize, asset: &str, except: Option<usize>) -> i128 {
        self.open_of(account, except)
            .filter_map(|order| self.need_of(order))
            .filter(|(name, _)| *name == asset)
            .fold(0, |sum, (_, amount)| sum.saturating_add(amount))
    }

    /// Whether the account can carry a new order.
    pub(crate) fn can_pay(&self, order: &Order) -> bool {
        let Some((asset, amount)) = self.need_of(order) else {
            return false;
        };
        let locked = self.locked(order.account, asset, None);
        amount <= self.owned(order.account, asset).saturating_sub(locked)
    }

    /// What an execution costs, in the asset that it brings.
    pub(super) fn commission_of(
        &self,
        instrument: usize,
        side: Side,
        filled: &Filled,
    ) -> (i128, String) {
        let Some(pair) = self.pair(instrument) else {
            return (0, String::new());
        };
        let (received, asset) = match side {
            Side::Buy => (self.amount(instrument, filled.qty.0), &pair.base),
            Side::Sell => (self.worth(instrument, filled), &pair.quote),
        };
        let rate = match filled.liquidity {
            Liquidity::Maker => self.commission.maker_bps,
            Liquidity::Taker => self.commission.taker_bps,
        };
        let charged = received.saturating_mul(i128::from(rate)) / BASIS_POINTS;
        (charged - charged % FINEST, asset.clone())
    }

    fn worth(&self, instrument: usize, filled: &Filled) -> i128 {
        let listing = &self.listings[instrument].instrument;
        let value = listing.notional(filled.price, filled.qty);
        value.unwrap_or(Money::ZERO).0
    }

    /// Books an execution of a Binance account.
    pub(super) fn book_assets(
        &mut self,
        account: usize,
        instrument: usize,
        side: Side,
        (filled, paid): (&Filled, &(i128, String)),
    ) {
        let Some(pair) = self.pair(instrument).cloned() else {
            return;
        };
        let signed = i128::from(side.sign());
        let coins = signed * self.amount(instrument, filled.qty.0);
        let money = -signed * self.worth(instrument, filled);
        let wallet = &mut self.accounts[account].wallet;
        for (asset, amount) in [
            (pair.base, coins),
            (pair.quote, money),
            (paid.1.clone(), -paid.0),
        ] {
            *wallet.entry(asset).or_default() += amount;
        }
    }
}
