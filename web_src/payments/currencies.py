"""The currencies that payments can be made in, with their minor units.

Source: ISO 4217 list one, "current currency & funds code list", as the maintenance agency publishes it
(https://www.six-group.com/en/products-services/financial-information/data-standards.html). Left out are codes without
minor units (metals, SDR, testing, no currency) and the funds codes, which no payment uses. A currency that the list gains
is one entry here. A currency that it loses must stay as long as stored payments are read.
"""

from __future__ import annotations

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
MINOR_UNITS: dict[str, int] = {
    code: units for units, codes in {2: _TWO, 0: _NONE, 3: _THREE, 4: _FOUR}.items() for code in codes.split()
}
