using System.Globalization;
using System.Security.Cryptography;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Cards;
using Lakala.Wire.Keys;

namespace Lakala.BankHost;

/// <summary>
/// The issuing bank: decides over cards, debits, reverses and refunds. A repeated RRN is answered without a second debit or credit.
/// </summary>
public sealed class Bank(IReadOnlyList<Card> cards, Book book, TimeProvider time)
{
    private const string AuthorisationAlphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    private const int AuthorisationCodeLength = 6;

    private readonly Dictionary<string, Card> _cards = cards.ToDictionary(card => card.Pan);

    /// <param name="pinKey">The line's zone PIN key.</param>
    public BankAuthoriseAnswer Authorise(BankAuthoriseRequest request, PinCipher pinKey)
    {
        lock (book.Lock)
        {
            // A refund's RRN is no payment's.
            var entry = book.FindRefund(request.Rrn) is null ? book.Find(request.Rrn) ?? Decide(request, pinKey) : null;
            var code = entry?.State is EntryState.Debited or EntryState.Declined ? entry.ResponseCode : ResponseCodes.DoNotHonour;
            return new BankAuthoriseAnswer(
                request.Rrn,
                request.Stan,
                request.Amount,
                request.Currency,
                request.Terminal,
                code,
                entry?.State == EntryState.Debited ? entry.AuthorisationCode : null);
        }
    }

    /// <summary>Reverses once, whether the original was seen or not; an original that comes later is never approved.</summary>
    public BankReversalAnswer Reverse(BankReversalRequest request)
    {
        lock (book.Lock)
        {
            if (book.Find(request.Rrn) is not { State: EntryState.Reversed or EntryState.Tombstone })
            {
                book.Reverse(request.Rrn, time.GetUtcNow());
            }

            return new BankReversalAnswer(request.Rrn, request.Stan, ResponseCodes.Approved);
        }
    }

    /// <summary>Credits once. An answer stands for ever, but not "no such original": that original may come, so a repeat is decided again.</summary>
    public BankRefundAnswer Refund(BankRefundRequest request)
    {
        lock (book.Lock)
        {
            return new BankRefundAnswer(
                request.Rrn, request.Stan, request.Amount, request.Currency, request.Terminal, FindOrDecide(request));
        }
    }

    private string FindOrDecide(BankRefundRequest request)
    {
        var known = book.FindRefund(request.Rrn);
        if (known is null ? book.Find(request.Rrn) is not null : (known.OriginalRrn, known.Amount) != (request.OriginalRrn, request.Amount))
        {
            // Another request has this RRN. It is not written down: what stands under the RRN stands.
            return ResponseCodes.DuplicateKey;
        }

        if (known is { ResponseCode: not ResponseCodes.NoSuchOriginal })
        {
            return known.ResponseCode;
        }

        var code = Decide(request);
        if (code != known?.ResponseCode)
        {
            book.Refund(new Refund(request.Rrn, request.OriginalRrn, request.Amount, code, time.GetUtcNow()));
        }

        return code;
    }

    private string Decide(BankRefundRequest request)
    {
        // A declined or reversed original is none: nothing can be given back.
        var original = book.Find(request.OriginalRrn);
        if (original is not { State: EntryState.Debited } || (original.Terminal, original.Stan) != (request.Terminal, request.OriginalStan))
        {
            return ResponseCodes.NoSuchOriginal;
        }

        return request.Amount == 0 ? ResponseCodes.WrongOriginalAmount
            : !_cards.TryGetValue(book.CardOf(original.Rrn)!, out var card) ? ResponseCodes.BadCard
            : card.RefundAnswers
                ?? (request.Amount > original.Amount - book.Refunded(original.Rrn) ? ResponseCodes.OverLimit : ResponseCodes.Approved);
    }

    private Entry Decide(BankAuthoriseRequest request, PinCipher pinKey)
    {
        var isCard = Track2.TryParse(request.Track2, out var track);
        var pan = isCard ? track!.PrimaryAccountNumber : "";
        var code = !isCard || !_cards.TryGetValue(pan, out var card)
            ? ResponseCodes.BadCard
            : card.AlwaysAnswers ?? Check(card, track!, request, pinKey);
        var entry = new Entry(
            request.Rrn,
            code == ResponseCodes.Approved ? EntryState.Debited : EntryState.Declined,
            code,
            code == ResponseCodes.Approved ? RandomNumberGenerator.GetString(AuthorisationAlphabet, AuthorisationCodeLength) : null,
            request.Amount,
            request.Terminal,
            request.Stan,
            isCard ? track!.Masked : "",
            time.GetUtcNow());
        book.Authorise(entry, pan);
        return entry;
    }

    private string Check(Card card, Track2 track, BankAuthoriseRequest request, PinCipher pinKey)
    {
        if (IsPast(card.Expiry) || (track.Expiry is { } expiry && IsPast(expiry)))
        {
            return ResponseCodes.ExpiredCard;
        }

        if (book.WrongPins(card.Pan) >= card.PinTries)
        {
            return ResponseCodes.PinTriesExceeded;
        }

        if (!PinBlock.TryDecipher(request.PinBlock, card.Pan, pinKey, out var pin) || pin != (card.PinOnFile ?? card.Pin))
        {
            book.WrongPin(card.Pan);
            return ResponseCodes.WrongPin;
        }

        book.RightPin(card.Pan);
        return request.Amount > card.Limit ? ResponseCodes.OverLimit
            : request.Amount > card.Balance - book.Spent(card.Pan) ? ResponseCodes.InsufficientFunds
            : ResponseCodes.Approved;
    }

    // YYMM of this century, as both the stripe and the file have it.
    private bool IsPast(string expiry) =>
        string.CompareOrdinal(expiry, time.GetUtcNow().ToString("yyMM", CultureInfo.InvariantCulture)) < 0;
}
