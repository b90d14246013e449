using System.Globalization;
using System.Security.Cryptography;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Cards;
using Lakala.Wire.Keys;

namespace Lakala.BankHost;

/// <summary>The issuing bank: decides over cards, debits and reverses. A repeated RRN is answered without a second debit.</summary>
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
            var entry = book.Find(request.Rrn) ?? Decide(request, pinKey);
            var code = entry.State is EntryState.Debited or EntryState.Declined ? entry.ResponseCode : ResponseCodes.DoNotHonour;
            return new BankAuthoriseAnswer(
                request.Rrn,
                request.Stan,
                request.Amount,
                request.Currency,
                request.Terminal,
                code,
                entry.State == EntryState.Debited ? entry.AuthorisationCode : null);
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
